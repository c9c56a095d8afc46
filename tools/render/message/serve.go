package message

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A Verb answers the request's parameters and blobs with a value and blobs of its own. An error is told as its text, so
// it may quote nothing of what a person keeps secret unless whoever asks hides it.
type Verb func(parameters json.RawMessage, blobs [][]byte) (any, [][]byte, error)

// Ending is a value or an error after which the process is of no use: another one takes its place.
type Ending interface{ IsLast() bool }

type request struct {
	Verb       string          `json:"verb"`
	Parameters json.RawMessage `json:"parameters"`
}

type answer struct {
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
	Last  bool   `json:"last,omitempty"`
}

// Serve answers one request after the other, until the input ends or an answer is the last.
func Serve(in io.Reader, out io.Writer, verbs map[string]Verb) error {
	reader, writer := bufio.NewReaderSize(in, 1<<16), bufio.NewWriterSize(out, 1<<16)
	for {
		message, err := read(reader)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		head, more := respond(message, verbs)
		if err := write(writer, append([][]byte{encode(head)}, more...)); err != nil || head.Last {
			return err
		}
	}
}

// respond never fails: a verb that panics has met an input that its library cannot bear, and may have left anything
// behind.
func respond(message [][]byte, verbs map[string]Verb) (head answer, blobs [][]byte) {
	defer func() {
		if recover() != nil {
			head, blobs = answer{Error: "the input is beyond what the library can read", Last: true}, nil
		}
	}()
	var asked request
	if len(message) == 0 || json.Unmarshal(message[0], &asked) != nil {
		return answer{Error: "this is no request"}, nil
	}
	act, known := verbs[asked.Verb]
	if !known {
		return answer{Error: fmt.Sprintf("the verb %q is not known", asked.Verb)}, nil
	}
	value, more, err := act(asked.Parameters, message[1:])
	if err != nil {
		return answer{Error: err.Error(), Last: isLast(err)}, nil
	}
	return answer{Value: value, Last: isLast(value)}, more
}

func isLast(outcome any) bool {
	ending, may := outcome.(Ending)
	return may && ending.IsLast()
}

func encode(head answer) []byte {
	text, err := json.Marshal(head)
	if err != nil {
		return []byte(`{"error":"the answer cannot be written"}`)
	}
	return text
}
