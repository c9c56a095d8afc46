// Paths that jq expressions name in objects: rules of ignoreDifferences, read by Argo CD's own library.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/itchyny/gojq"
)

type jqRequest struct {
	Expressions []string `json:"expressions"`
	// Pairs of positions: an expression's, and that of the blob of which it is asked.
	Asked [][2]int `json:"asked"`
	// Milliseconds for each pair.
	Timeout int `json:"timeout"`
	// Bytes that an evaluation may hold.
	Memory uint64 `json:"memory"`
}

type jqAnswer struct {
	// Why an expression cannot be read; "" = it can.
	Faults []string `json:"faults"`
	// In the order of what was asked, as far as it went.
	Found []jqFound `json:"found"`
	// An evaluation goes on that nothing stops: the process ends with this answer.
	spent bool
}

// IsLast: see message.Ending.
func (a jqAnswer) IsLast() bool { return a.spent }

// jqFound quotes no value: the object may be a Secret.
type jqFound struct {
	// Field names and positions in lists of what is there.
	Paths [][]any `json:"paths"`
	Error string  `json:"error,omitempty"`
	// The evaluation took too much, which another time it may not.
	Limit bool `json:"limit,omitempty"`
	// Milliseconds that it took.
	Took float64 `json:"took"`
}

const maxExpression, maxPaths = 10_000, 10_000

// After this time no further evaluation is begun.
const longest = 5 * time.Second

// How often it is looked at how far an evaluation is, and how long one that is told to end may take to hear it.
const lookEvery, grace = 10 * time.Millisecond, 250 * time.Millisecond

func jqPaths(parameters json.RawMessage, texts [][]byte) (any, [][]byte, error) {
	var asked jqRequest
	if err := json.Unmarshal(parameters, &asked); err != nil {
		return nil, nil, err
	}
	answer := jqAnswer{Faults: make([]string, len(asked.Expressions)), Found: []jqFound{}}
	codes := make([]*gojq.Code, len(asked.Expressions))
	for i, expression := range asked.Expressions {
		code, err := compilePaths(expression)
		if codes[i] = code; err != nil {
			answer.Faults[i] = err.Error()
		}
	}
	objects := make([]any, len(texts))
	for i, text := range texts {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&objects[i]); err != nil {
			return nil, nil, errors.New("this is no JSON")
		}
	}
	began := time.Now()
	for i, pair := range asked.Asked {
		if i > 0 && time.Since(began) > longest {
			break
		}
		code := codes[pair[0]]
		if code == nil {
			answer.Found = append(answer.Found, jqFound{Error: answer.Faults[pair[0]]})
			continue
		}
		begun := time.Now()
		found, spent := evaluate(code, objects[pair[1]], asked)
		found.Took = float64(time.Since(begun).Microseconds()) / 1000
		answer.Found, answer.spent = append(answer.Found, found), spent
		if found.Limit {
			break
		}
	}
	return answer, nil, nil
}

// compilePaths takes what `del()` of Argo CD takes. Nothing of the process can be read: neither its environment nor its
// input.
func compilePaths(expression string) (code *gojq.Code, err error) {
	defer func() {
		if recover() != nil {
			code, err = nil, errors.New("it is beyond what jq can read")
		}
	}()
	if len(expression) > maxExpression {
		return nil, errors.New("it has more than 10,000 characters")
	}
	if _, err := gojq.Parse(expression); err != nil {
		return nil, err
	}
	query, err := gojq.Parse("path(" + expression + "\n)")
	if err != nil {
		return nil, err
	}
	return gojq.Compile(query)
}

// evaluate never waits for longer than it was given; spent: what it left behind may still be at work.
func evaluate(code *gojq.Code, object any, limits jqRequest) (found jqFound, spent bool) {
	timeout := time.Duration(limits.Timeout) * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	done := make(chan jqFound, 1)
	go func() {
		defer func() {
			if recover() != nil {
				done <- jqFound{Error: "it is beyond what jq can bear"}
			}
		}()
		done <- pathsIn(ctx, code, object)
	}()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	began := time.Now()
	for {
		select {
		case found := <-done:
			return found, false
		case <-ticker.C:
			if heapBytes() > limits.Memory {
				return jqFound{Error: "it takes too much memory", Limit: true}, true
			}
			if time.Since(began) > timeout+grace {
				return jqFound{Error: tooLong, Limit: true}, true
			}
		}
	}
}

func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func pathsIn(ctx context.Context, code *gojq.Code, object any) jqFound {
	found := jqFound{Paths: [][]any{}}
	iterator := code.RunWithContext(ctx, object)
	for {
		value, more := iterator.Next()
		if !more {
			return found
		}
		if err, isError := value.(error); isError {
			return failed(ctx, err)
		}
		path, _ := value.([]any)
		if len(path) == 0 {
			return jqFound{Error: "it names the whole object"}
		}
		found.Paths = append(found.Paths, positions(object, path)...)
		if len(found.Paths) > maxPaths {
			return jqFound{Error: "it names more than 10,000 fields"}
		}
	}
}

// What is not there has nothing in it: Argo CD passes over the rule, too.
const nothingThere = "cannot iterate over: null"

func failed(ctx context.Context, err error) jqFound {
	if ctx.Err() != nil {
		return jqFound{Error: tooLong, Limit: true}
	}
	if err.Error() == nothingThere {
		return jqFound{Paths: [][]any{}}
	}
	return jqFound{Error: reason(err)}
}

const tooLong = "it takes too long"

// reason is a sentence of ours: the library's own quotes what it met.
func reason(err error) string {
	switch fmt.Sprintf("%T", err) {
	case "*gojq.expectedObjectError":
		return "it looks for a field in what is no object"
	case "*gojq.expectedArrayError":
		return "it looks for an entry in what is no list"
	case "*gojq.iteratorError":
		return "it goes through what is neither a list nor an object"
	case "*gojq.invalidPathError", "*gojq.invalidPathIterError":
		return "it computes a value where it should name fields"
	}
	return "a function in it cannot be applied to what is there"
}

// positions are those of what the path leads to: a slice is all its entries, a negative position counts from the end,
// and what is not there has none.
func positions(object any, path []any) [][]any {
	places := []place{{value: object}}
	for _, step := range path {
		var next []place
		for _, each := range places {
			next = append(next, each.step(step)...)
		}
		places = next
	}
	found := [][]any{}
	for _, each := range places {
		if each.slice == nil {
			found = append(found, each.path)
			continue
		}
		for i := each.slice.start; i < each.slice.end; i++ {
			found = append(found, append(slices.Clone(each.path), i))
		}
	}
	return found
}

type place struct {
	path  []any
	value any
	// Of the list at that path.
	slice *span
}

type span struct{ start, end int }

func (p place) step(step any) []place {
	if list, isList := p.value.([]any); isList {
		return p.within(list, step)
	}
	object, _ := p.value.(map[string]any)
	name, _ := step.(string)
	if value, there := object[name]; there {
		return []place{{path: append(slices.Clone(p.path), name), value: value}}
	}
	return nil
}

func (p place) within(list []any, step any) []place {
	whole := span{0, len(list)}
	if p.slice != nil {
		whole = *p.slice
	}
	if bounds, isSlice := step.(map[string]any); isSlice {
		slice := span{whole.at(bounds["start"], whole.start, math.Floor), whole.at(bounds["end"], whole.end, math.Ceil)}
		return []place{{path: p.path, value: list, slice: &slice}}
	}
	at, isNumber := step.(int)
	if !isNumber {
		return nil
	}
	if at += whole.start; at < whole.start {
		at += whole.end - whole.start
	}
	if at < whole.start || at >= whole.end {
		return nil
	}
	return []place{{path: append(slices.Clone(p.path), at), value: list[at]}}
}

// at is a bound of a slice of this one.
func (s span) at(bound any, absent int, whole func(float64) float64) int {
	var at int
	switch bound := bound.(type) {
	case int:
		at = bound
	case float64:
		at = int(whole(bound))
	default:
		return absent
	}
	if at < 0 {
		at += s.end
	} else {
		at += s.start
	}
	return min(max(at, s.start), s.end)
}
