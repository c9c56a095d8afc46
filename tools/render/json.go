// JSON: texts that are read token by token, so that no key is lost unseen, and values that are written within a limit.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"coxswain.dev/tools/render/message"
)

const maxDepth, maxOutput = 1000, 64 << 20

// An API server takes no request that is larger, and whoever asked reads each document at one stretch.
const maxDocument, maxDocuments = 3 << 20, 50_000

// refusal is of what is valid and still not taken.
type refusal struct{ text string }

func (r refusal) Error() string { return r.text }

// endless is a number that JSON cannot hold, and where it stands.
type endless struct{ path []string }

func (e endless) Error() string {
	return "the number at " + strings.Join(e.path, ".") + " is larger than any that Kubernetes knows"
}

// below adds what the faulty value is called within its parent.
func below(name string, err error) error {
	if number, isEndless := err.(endless); isEndless {
		return endless{append([]string{name}, number.path...)}
	}
	return err
}

var (
	errDeep  = error(refusal{"more than 1,000 levels lie within each other"})
	errLarge = error(refusal{"what this text stands for exceeds 64 MiB"})
	errLong  = error(refusal{"this document exceeds 3 MiB, more than any Kubernetes API takes"})
	errMany  = error(refusal{"there are more than 50,000 documents"})
)

type jsonReader struct {
	decoder  *json.Decoder
	text     []byte
	line, at int // of the last key
	repeated []repeatedKey
}

// readJSON reads all values of a text whose first line has that number.
func readJSON(text []byte, line int) ([]document, error) {
	reader := &jsonReader{decoder: json.NewDecoder(bytes.NewReader(text)), text: text, line: line}
	reader.decoder.UseNumber()
	var documents []document
	for {
		reader.repeated = nil
		start := int(reader.decoder.InputOffset())
		begins, blank := line, leadingBlank(text[start:])
		line += bytes.Count(text[start:start+blank], []byte("\n"))
		value, err := reader.value(0)
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, err
		}
		end := int(reader.decoder.InputOffset())
		documents = append(documents, document{Line: line, Column: 1, Repeated: reader.repeated, value: value,
			text: text[start:end], begins: begins})
		line = reader.here()
	}
}

func leadingBlank(text []byte) int {
	return len(text) - len(bytes.TrimLeft(text, " \t\r\n"))
}

func (r *jsonReader) here() int {
	end := int(r.decoder.InputOffset())
	r.line += bytes.Count(r.text[r.at:end], []byte("\n"))
	r.at = end
	return r.line
}

func (r *jsonReader) value(depth int) (any, error) {
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, errDeep
	}
	switch token {
	case json.Delim('['):
		items := []any{}
		for r.decoder.More() {
			item, err := r.value(depth + 1)
			if err != nil {
				return nil, message.Unexpected(err)
			}
			items = append(items, item)
		}
		_, err = r.decoder.Token()
		return items, message.Unexpected(err)
	case json.Delim('{'):
		members := map[string]any{}
		for r.decoder.More() {
			if err := r.member(members, depth); err != nil {
				return nil, message.Unexpected(err)
			}
		}
		_, err = r.decoder.Token()
		return members, message.Unexpected(err)
	}
	return token, nil
}

func (r *jsonReader) member(members map[string]any, depth int) error {
	token, err := r.decoder.Token()
	if err != nil {
		return err
	}
	key, _ := token.(string)
	line := r.here()
	value, err := r.value(depth + 1)
	if err != nil {
		return err
	}
	if _, again := members[key]; again {
		r.repeated = append(r.repeated, repeatedKey{Line: line, Key: key})
	}
	members[key] = value
	return nil
}

// jsonable turns keys into texts as sigs.k8s.io/yaml does. Two keys with one text are refused: there, chance decides
// between them.
func jsonable(value any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	switch typed := value.(type) {
	case []any:
		for i, item := range typed {
			changed, err := jsonable(item, depth+1)
			if err != nil {
				return nil, err
			}
			typed[i] = changed
		}
	case map[any]any:
		members, err := membersOf(typed)
		if err != nil {
			return nil, err
		}
		for _, key := range slices.Sorted(maps.Keys(members)) { // of two faults always the same is told
			if members[key], err = jsonable(members[key], depth+1); err != nil {
				return nil, err
			}
		}
		return members, nil
	}
	return value, nil
}

func membersOf(found map[any]any) (map[string]any, error) {
	members := make(map[string]any, len(found))
	var wrong error
	for k, v := range found {
		key, err := keyText(k)
		if err != nil && (wrong == nil || err.Error() < wrong.Error()) {
			wrong = err
		}
		members[key] = v
	}
	if wrong == nil && len(members) < len(found) {
		wrong = refusal{"a text and a number or truth value are the same key of one map"}
	}
	return members, wrong
}

func keyText(key any) (string, error) {
	switch typed := key.(type) {
	case string:
		return typed, nil
	case int:
		return strconv.Itoa(typed), nil
	case bool:
		return strconv.FormatBool(typed), nil
	case float64:
		switch {
		case math.IsInf(typed, 1):
			return ".inf", nil
		case math.IsInf(typed, -1):
			return "-.inf", nil
		case math.IsNaN(typed):
			return ".nan", nil
		}
		return strconv.FormatFloat(typed, 'g', -1, 32), nil
	case nil:
		return "", refusal{"null cannot be a key of a map"}
	}
	return "", refusal{"this number cannot be a key of a map"}
}

// encoder collects values as JSON; together they stay below the limit, however often an alias repeats them.
type encoder struct {
	blobs [][]byte
	size  int
	out   []byte
}

func (e *encoder) add(value any) error {
	e.out = nil
	if len(e.blobs) == maxDocuments {
		return errMany
	}
	if err := e.write(value); err != nil {
		return err
	}
	if len(e.out) > maxDocument {
		return errLong
	}
	e.blobs = append(e.blobs, e.out)
	e.size += len(e.out)
	return nil
}

func (e *encoder) write(value any) error {
	if e.size+len(e.out) > maxOutput {
		return errLarge
	}
	switch typed := value.(type) {
	case string:
		e.text(typed)
	case map[string]any:
		return e.members(typed)
	case []any:
		e.out = append(e.out, '[')
		for i, item := range typed {
			if i > 0 {
				e.out = append(e.out, ',')
			}
			if err := e.write(item); err != nil {
				return below(strconv.Itoa(i), err)
			}
		}
		e.out = append(e.out, ']')
	case json.Number:
		if float, err := typed.Float64(); err != nil || math.IsInf(float, 0) {
			return endless{}
		}
		e.out = append(e.out, typed...)
	case float64:
		if math.IsInf(typed, 0) || math.IsNaN(typed) {
			return endless{}
		}
		text, _ := json.Marshal(typed)
		e.out = append(e.out, text...)
	default: // whole numbers, truth values, null
		text, err := json.Marshal(typed)
		e.out = append(e.out, text...)
		return err
	}
	return nil
}

func (e *encoder) members(members map[string]any) error {
	e.out = append(e.out, '{')
	for i, key := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		e.text(key)
		e.out = append(e.out, ':')
		if err := e.write(members[key]); err != nil {
			return below(key, err)
		}
	}
	e.out = append(e.out, '}')
	return nil
}

func (e *encoder) text(text string) {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, _ := json.Marshal(text)
			e.out = append(e.out, quoted...)
			return
		}
	}
	e.out = append(e.out, '"')
	e.out = append(e.out, text...)
	e.out = append(e.out, '"')
}
