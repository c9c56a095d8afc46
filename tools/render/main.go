// What Kubernetes and Argo CD do with libraries of Go, done by those libraries: one request after the other over
// standard input.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// A verb answers the request's parameters and blobs with a value and blobs of its own. An error is told as its text, so
// it may quote nothing of what a person keeps secret.
type verb func(parameters json.RawMessage, blobs [][]byte) (any, [][]byte, error)

var verbs = map[string]verb{
	"constraint":    newest,
	"cron":          openings,
	"kustomization": readKustomizations,
	"objects":       readObjects,
	"unmatched":     unmatched,
	"yaml":          readYAML,
}

type request struct {
	Verb       string          `json:"verb"`
	Parameters json.RawMessage `json:"parameters"`
}

type answer struct {
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer) error {
	reader, writer := bufio.NewReaderSize(in, 1<<16), bufio.NewWriterSize(out, 1<<16)
	for {
		message, err := readMessage(reader)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := writeMessage(writer, respond(message)); err != nil {
			return err
		}
	}
}

// respond never fails: a verb that panics has met an input that its library cannot bear, and the next request is
// another one.
func respond(message [][]byte) (blobs [][]byte) {
	defer func() {
		if recover() != nil {
			blobs = encode(answer{Error: "the input is beyond what the library can read"}, nil)
		}
	}()
	var asked request
	if len(message) == 0 || json.Unmarshal(message[0], &asked) != nil {
		return encode(answer{Error: "this is no request"}, nil)
	}
	act, known := verbs[asked.Verb]
	if !known {
		return encode(answer{Error: fmt.Sprintf("the verb %q is not known", asked.Verb)}, nil)
	}
	value, more, err := act(asked.Parameters, message[1:])
	if err != nil {
		return encode(answer{Error: err.Error()}, nil)
	}
	return encode(answer{Value: value}, more)
}

func encode(head answer, more [][]byte) [][]byte {
	text, err := json.Marshal(head)
	if err != nil {
		text = []byte(`{"error":"the answer cannot be written"}`)
	}
	return append([][]byte{text}, more...)
}
