// What all verbs have in common: files, a text out of them, and what was said meanwhile.
package main

import (
	"bytes"
	"encoding/json"
	"log/slog"

	"coxswain.dev/tools/render/message"
)

// said is what the request at hand has logged, as Helm's own command writes it.
var said bytes.Buffer

func init() {
	slog.SetDefault(slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, attribute slog.Attr) slog.Attr {
			if attribute.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return attribute
		},
	})))
}

// outcome goes with one blob: the text that was made.
type outcome struct {
	Said string `json:"said"`
	// The libraries keep something of this request that others would feel.
	spent bool
}

// IsLast: see message.Ending.
func (o outcome) IsLast() bool { return o.spent }

// failure is told with all that was said, where the place is named. What a library leaves behind when it fails is
// nobody's to know.
type failure struct{ text string }

func (f failure) Error() string { return f.text }

// IsLast: see message.Ending.
func (f failure) IsLast() bool { return true }

// A maker answers the text that it makes of the files.
type maker[Options any] func(files tree, options Options) (text string, spent bool, err error)

func with[Options any](make maker[Options]) message.Verb {
	return func(parameters json.RawMessage, blobs [][]byte) (any, [][]byte, error) {
		said.Reset()
		var asked struct {
			// Absolute paths, in the order of the blobs.
			Files   []string `json:"files"`
			Options Options  `json:"options"`
		}
		if err := json.Unmarshal(parameters, &asked); err != nil {
			return nil, nil, err
		}
		files, err := treeOf(asked.Files, blobs)
		if err != nil {
			return nil, nil, err
		}
		text, spent, err := make(files, asked.Options)
		if err != nil {
			return nil, nil, failure{said.String() + err.Error()}
		}
		return outcome{Said: said.String(), spent: spent}, [][]byte{[]byte(text)}, nil
	}
}
