// YAML as Kubernetes reads it, and JSON: the documents of a stream as JSON values, each with its line and the keys that
// stand twice in it.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v2"
	yaml3 "go.yaml.in/yaml/v3"
)

type readRequest struct {
	// For each blob whether it is JSON, which is read as YAML if it is none after all.
	JSON []bool `json:"json"`
	// Lists of objects are taken apart: each item is a document.
	Objects bool `json:"objects"`
	// So is a list that is no object.
	Arrays bool `json:"arrays"`
}

type readText struct {
	// Their values are the blobs of the answer, in this order. Empty documents are left out.
	Documents []document `json:"documents"`
	Error     *fault     `json:"error,omitempty"`
}

type document struct {
	Line     int           `json:"line"`
	Column   int           `json:"column"`
	Item     bool          `json:"item,omitempty"` // of a list
	Repeated []repeatedKey `json:"repeated,omitempty"`

	value any
	// Its text, which begins at that line.
	text   []byte
	begins int
}

// repeatedKey stands more than once in one map. The last one wins.
type repeatedKey struct {
	Line int    `json:"line"`
	Key  string `json:"key"`
}

// fault quotes nothing of the text: it may be a Secret's.
type fault struct {
	Line    int    `json:"line"`
	Message string `json:"message"`
}

func (f *fault) Error() string { return f.Message }

func readYAML(parameters json.RawMessage, texts [][]byte) (any, [][]byte, error) {
	var asked readRequest
	if err := json.Unmarshal(parameters, &asked); err != nil {
		return nil, nil, err
	}
	answers := make([]readText, len(texts))
	out := &encoder{}
	for i, text := range texts {
		documents, failed := documentsOf(text, i < len(asked.JSON) && asked.JSON[i])
		if asked.Arrays {
			documents = apart(documents, 1, arrayItems)
		}
		documents = slices.DeleteFunc(documents, func(each document) bool { return each.value == nil })
		if asked.Objects {
			documents = apart(documents, maxDepth, listItems)
		}
		answers[i] = out.addAll(documents, failed)
	}
	return answers, out.blobs, nil
}

func (e *encoder) addAll(documents []document, failed *fault) readText {
	answer := readText{Documents: []document{}, Error: failed}
	for _, each := range documents {
		if err := e.add(each.value); err != nil {
			answer.Error = &fault{each.Line, err.Error()}
			break
		}
		answer.Documents = append(answer.Documents, each)
	}
	return answer
}

// documentsOf gives the documents up to the first fault.
func documentsOf(text []byte, isJSON bool) ([]document, *fault) {
	if isJSON {
		if documents, err := readJSON(text, 1); err == nil {
			return documents, nil
		}
	}
	var documents []document
	for _, part := range split(text) {
		found, err := part.read()
		if err != nil {
			return documents, err
		}
		documents = append(documents, found...)
	}
	return documents, nil
}

// part is what stands between two markers of documents.
type part struct {
	line int // of its beginning, from 1
	text []byte
}

func split(text []byte) []part {
	var parts []part
	current := part{line: 1}
	number, start := 0, 0
	for at := 0; at < len(text); {
		number++
		end := at + bytes.IndexByte(text[at:], '\n') + 1
		if end == at {
			end = len(text)
		}
		line := text[at:end]
		begins, ends := isMarker(line, "---"), isMarker(line, "...")
		if ends || (begins && !isPrologue(text[start:at])) {
			current.text = text[start:at]
			parts = append(parts, current)
			current, start = part{line: number}, at
			if ends {
				current, start = part{line: number + 1}, end
			}
		}
		at = end
	}
	current.text = text[start:]
	return append(parts, current)
}

func isMarker(line []byte, marker string) bool {
	rest, found := bytes.CutPrefix(line, []byte(marker))
	return found && (len(rest) == 0 || strings.IndexByte(" \t\r\n", rest[0]) >= 0)
}

// isPrologue is true of directives, which belong to the document that follows.
func isPrologue(text []byte) bool {
	directive := false
	for line := range bytes.Lines(text) {
		switch trimmed := bytes.TrimSpace(line); {
		case len(trimmed) == 0 || trimmed[0] == '#':
		case line[0] == '%':
			directive = true
		default:
			return false
		}
	}
	return directive
}

// begin is where the content begins, behind comments, directives and the marker, and the content from there.
func (p part) begin() (line, column int, content []byte) {
	number, at := p.line, 0
	for text := range bytes.Lines(p.text) {
		rest := text
		if isMarker(text, "---") {
			rest = text[3:]
		}
		trimmed := bytes.TrimSpace(rest)
		if len(trimmed) > 0 && trimmed[0] != '#' && text[0] != '%' {
			indent := bytes.Index(text, trimmed)
			return number, indent + 1, p.text[at+indent:]
		}
		number, at = number+1, at+len(text)
	}
	return p.line, 1, nil
}

func (p part) read() ([]document, *fault) {
	line, column, content := p.begin()
	if len(content) == 0 && isPrologue(p.text) {
		return nil, &fault{Line: line, Message: "this is not valid YAML: no document follows the directive"}
	}
	if len(content) == 0 {
		return nil, nil
	}
	// Kubernetes' reader takes a text that begins with a brace for JSON first.
	first := content[0]
	if first == '{' {
		if documents, err := readJSON(content, line); err == nil {
			return documents, nil
		}
	}
	value, repeated, err := p.decode(first, true)
	if len(repeated) > 0 {
		value, _, err = p.decode(first, false) // strict reading keeps the first of two keys
	}
	if err != nil {
		return nil, p.faultOf(err, line)
	}
	value, err = jsonable(value, 0)
	if err != nil {
		return nil, p.faultOf(err, line)
	}
	if len(repeated) > 0 && bytes.Contains(p.text, []byte("<<")) {
		repeated = p.repeatedInNodes() // what a merge brings and the map says itself is no repetition
	}
	return []document{{Line: line, Column: column, Repeated: repeated, value: value, text: p.text, begins: p.line}}, nil
}

var setTwice = regexp.MustCompile(`^line (\d+): key (.*) already set in map$`)

func (p part) decode(first byte, strict bool) (value any, repeated []repeatedKey, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the reader cannot bear it")
		}
	}()
	err = p.decodeInto(&value, first, strict)
	var found *yaml.TypeError
	if strict && errors.As(err, &found) {
		for _, told := range found.Errors {
			match := setTwice.FindStringSubmatch(told)
			if match == nil {
				return nil, nil, err
			}
			line, _ := strconv.Atoi(match[1])
			key, failed := strconv.Unquote(match[2])
			if failed != nil {
				key = match[2]
			}
			repeated = append(repeated, repeatedKey{Line: p.line + line - 1, Key: key})
		}
		return nil, repeated, nil
	}
	return value, nil, err
}

func (p part) decodeInto(value *any, first byte, strict bool) error {
	if first == '-' || (first|' ' >= 'a' && first|' ' <= 'z') {
		if strict {
			return yaml.UnmarshalStrict(p.text, value)
		}
		return yaml.Unmarshal(p.text, value)
	}
	// What stands behind a flow collection or a quoted text is seen only by who asks for the next document.
	decoder := yaml.NewDecoder(bytes.NewReader(p.text))
	decoder.SetStrict(strict)
	if err := decoder.Decode(value); err != nil {
		return err
	}
	var more any
	switch err := decoder.Decode(&more); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return errors.New("something follows the end of the document")
}

var (
	placed  = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)
	unknown = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
	quoted  = regexp.MustCompile("`[^`]*` ?|'[^']{3,}' ?|\"[^\"]{3,}\" ?")
)

func (p part) faultOf(err error, line int) *fault {
	if own := (refusal{}); errors.As(err, &own) {
		return &fault{Line: line, Message: own.Error()}
	}
	text := err.Error()
	match := placed.FindStringSubmatch(text)
	text = text[len(match[0]):]
	if named, found := strconv.Atoi(match[1]); found == nil {
		line = p.line + named - 1
		if strings.HasPrefix(text, "did not find expected") {
			line++ // the parser counts from 0 here, the scanner from 1
		}
	}
	switch {
	case unknown.MatchString(text):
		if at := bytes.Index(p.text, []byte("*"+unknown.FindStringSubmatch(text)[1])); at >= 0 {
			line = p.line + bytes.Count(p.text[:at], []byte("\n"))
		}
		text = "an alias names an anchor that is not there"
	case strings.HasPrefix(text, "invalid map key"):
		text = "a map or a list cannot be a key"
	case strings.HasPrefix(text, "anchor '"):
		text = "an anchor contains itself"
	default:
		text = quoted.ReplaceAllString(text, "")
	}
	return &fault{Line: line, Message: "this is not valid YAML: " + text}
}

func arrayItems(value any) ([]any, bool) {
	items, isArray := value.([]any)
	return items, isArray
}

// listItems of `kind: List` and of the typed lists. What has a name and no items is an object of its own, whatever its
// kind is called.
func listItems(value any) ([]any, bool) {
	object, _ := value.(map[string]any)
	kind, _ := object["kind"].(string)
	items, isArray := object["items"].([]any)
	metadata, _ := object["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	return items, isArray && strings.HasSuffix(kind, "List") && (len(items) > 0 || name == "" || kind == "List")
}

// apart are the documents with the items of lists in their place; a list may hold lists, down to that depth.
func apart(documents []document, depth int, itemsOf func(any) ([]any, bool)) []document {
	var all []document
	for _, each := range documents {
		if items, isList := itemsOf(each.value); isList {
			taken := each.itemsApart(items, nodeOf(each.text), depth, itemsOf)
			each.shareRepeated(taken)
			all = append(all, taken...)
		} else {
			all = append(all, each)
		}
	}
	return all
}

func (d document) itemsApart(items []any, list *yaml3.Node, depth int, itemsOf func(any) ([]any, bool)) []document {
	var all []document
	nodes := itemNodes(list)
	for i, item := range items {
		node := &yaml3.Node{Line: list.Line, Column: list.Column}
		if i < len(nodes) {
			node = nodes[i]
		}
		if within, isList := itemsOf(item); isList && depth > 1 {
			all = append(all, d.itemsApart(within, node, depth-1, itemsOf)...)
		} else {
			line := max(d.Line, d.begins+node.Line-1)
			all = append(all, document{Line: line, Column: max(1, node.Column), Item: true, value: item})
		}
	}
	return all
}

// shareRepeated gives each repeated key to the item that it stands in.
func (d document) shareRepeated(items []document) {
	for _, key := range d.Repeated {
		for at, item := range slices.Backward(items) {
			if item.Line <= key.Line || at == 0 {
				items[at].Repeated = append(items[at].Repeated, key)
				break
			}
		}
	}
}
