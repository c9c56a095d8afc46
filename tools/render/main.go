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
	"jq":            jqPaths,
	"kustomization": readKustomizations,
	"objects":       readObjects,
	"patch":         patchOver,
	"replacements":  readReplacements,
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
		blobs, last := respond(message)
		if err := writeMessage(writer, blobs); err != nil || last {
			return err
		}
	}
}

// ending is an answer after which the process is of no use.
type ending interface{ isLast() bool }

// respond never fails: a verb that panics has met an input that its library cannot bear, and the next request is
// another one.
func respond(message [][]byte) (blobs [][]byte, last bool) {
	defer func() {
		if recover() != nil {
			blobs, last = encode(answer{Error: "the input is beyond what the library can read"}, nil), false
		}
	}()
	var asked request
	if len(message) == 0 || json.Unmarshal(message[0], &asked) != nil {
		return encode(answer{Error: "this is no request"}, nil), false
	}
	act, known := verbs[asked.Verb]
	if !known {
		return encode(answer{Error: fmt.Sprintf("the verb %q is not known", asked.Verb)}, nil), false
	}
	value, more, err := act(asked.Parameters, message[1:])
	if err != nil {
		return encode(answer{Error: err.Error()}, nil), false
	}
	end, _ := value.(ending)
	return encode(answer{Value: value}, more), end != nil && end.isLast()
}

func encode(head answer, more [][]byte) [][]byte {
	text, err := json.Marshal(head)
	if err != nil {
		text = []byte(`{"error":"the answer cannot be written"}`)
	}
	return append([][]byte{text}, more...)
}
