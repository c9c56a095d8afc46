// Files of a kustomization: the objects that they name, and what Kustomize leaves out of them without a word.
package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

type objectID struct {
	Line       int    `json:"line"`
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
}

type objectsText struct {
	Objects []objectID `json:"objects"`
	// What would be lost.
	Lost []fault `json:"lost"`
	// Lines of objects that say themselves that they are for Kustomize alone.
	Local []int `json:"local"`
	// Lines of keys that are no text: Kubernetes makes text of them, and Kustomize refuses them without a place.
	Keys []int `json:"keys"`

	patches bool
}

const localConfig = "config.kubernetes.io/local-config"

type objectsRequest struct {
	// They change objects: what is empty in them is meant so.
	Patches bool `json:"patches"`
}

// readObjects reads as Kustomize does: one document between two lines of three dashes. What it refuses itself is passed
// over.
func readObjects(parameters json.RawMessage, texts [][]byte) (any, [][]byte, error) {
	var asked objectsRequest
	if err := json.Unmarshal(parameters, &asked); err != nil {
		return nil, nil, err
	}
	answers := make([]objectsText, len(texts))
	count := 0
	for i, text := range texts {
		answers[i] = objectsText{Objects: []objectID{}, Lost: []fault{}, Local: []int{}, Keys: []int{},
			patches: asked.Patches}
		for _, part := range betweenDashes(text) {
			answers[i].read(part)
		}
		if count += len(answers[i].Objects); count > maxDocuments {
			return nil, nil, errMany
		}
	}
	return answers, nil, nil
}

func betweenDashes(text []byte) []part {
	parts := []part{{line: 1}}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if isMarker(line, "---") {
			parts = append(parts, part{line: number})
		}
		last := &parts[len(parts)-1]
		last.text = append(last.text, line...)
	}
	return parts
}

func (o *objectsText) read(p part) {
	root, rest, err := decodeFirst(p.text)
	if err != nil || root == nil {
		return
	}
	for _, key := range keysWithoutText(root) {
		o.Keys = append(o.Keys, p.line+key.Line-1)
	}
	if rest > 0 {
		o.lose(p, rest, "Kustomize reads one document up to the next line of three dashes, and this is a second one")
	}
	o.collect(p, root, 0)
}

func (o *objectsText) lose(p part, line int, why string) {
	o.Lost = append(o.Lost, fault{p.line + line - 1, why})
}

func (o *objectsText) collect(p part, node *yaml.Node, depth int) {
	id := identity(node)
	id.Line = p.line + node.Line - 1
	items := field(node, "items")
	if !strings.HasSuffix(id.Kind, "List") || items == nil || o.patches || depth > maxDepth {
		if mark := field(field(field(node, "metadata"), "annotations"), localConfig); mark != nil && mark.Value != "false" {
			o.Local = append(o.Local, id.Line)
		}
		o.Objects = append(o.Objects, id)
		return
	}
	if isEmpty(items) && items.Kind != yaml.SequenceNode {
		o.lose(p, items.Line, "the items of this list are missing")
	} else if isEmpty(items) && id.Kind != "List" && id.Name != "" {
		o.lose(p, node.Line, "Kustomize takes whatever kind ends with List for a list of objects, "+
			"and leaves this one out as it has no items")
	}
	for _, item := range itemsOf(node, "items") {
		if isEmpty(item) {
			o.lose(p, item.Line, "this item of a list is empty, and Kustomize leaves it out")
		} else {
			o.collect(p, item, depth+1)
		}
	}
}

func isEmpty(node *yaml.Node) bool {
	return node.ShortTag() == "!!null" || (node.Kind != yaml.ScalarNode && len(node.Content) == 0)
}

func identity(node *yaml.Node) objectID {
	metadata := field(node, "metadata")
	name := textOf(field(metadata, "name"))
	if name == "" {
		name = textOf(field(metadata, "generateName"))
	}
	return objectID{APIVersion: textOf(field(node, "apiVersion")), Kind: textOf(field(node, "kind")),
		Namespace: textOf(field(metadata, "namespace")), Name: name}
}

// selector of a patch (kustomize: api/types/selector.go): each field is a regular expression for the whole.
type selector struct {
	Group     string `json:"group"`
	Version   string `json:"version"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

func selectorOf(node *yaml.Node) selector {
	return selector{textOf(field(node, "group")), textOf(field(node, "version")), textOf(field(node, "kind")),
		textOf(field(node, "namespace")), textOf(field(node, "name"))}
}

type matchRequest struct {
	Selectors []selector `json:"selectors"`
	Objects   []objectID `json:"objects"`
}

// unmatched are the numbers of the selectors that choose no object. One that is no expression is Kustomize's to refuse.
func unmatched(parameters json.RawMessage, _ [][]byte) (any, [][]byte, error) {
	var asked matchRequest
	if err := json.Unmarshal(parameters, &asked); err != nil {
		return nil, nil, err
	}
	numbers := []int{}
	for number, each := range asked.Selectors {
		if matches, err := each.compile(); err == nil && !matchesAny(matches, asked.Objects) {
			numbers = append(numbers, number)
		}
	}
	return numbers, nil, nil
}

func matchesAny(matches func(objectID) bool, objects []objectID) bool {
	for _, object := range objects {
		if matches(object) {
			return true
		}
	}
	return false
}

func (s selector) compile() (func(objectID) bool, error) {
	var patterns [5]*regexp.Regexp
	for i, text := range []string{s.Group, s.Version, s.Kind, s.Namespace, s.Name} {
		if text == "" {
			continue
		}
		var err error
		if patterns[i], err = regexp.Compile("^(?:" + text + ")$"); err != nil {
			return nil, err
		}
	}
	return func(object objectID) bool {
		group, version, grouped := strings.Cut(object.APIVersion, "/")
		if !grouped {
			group, version = "", object.APIVersion
		}
		namespace := object.Namespace
		if namespace == "" {
			namespace = "default" // kustomize: kyaml/resid/resid.go EffectiveNamespace
		}
		for i, value := range []string{group, version, object.Kind, namespace, object.Name} {
			if patterns[i] != nil && !patterns[i].MatchString(value) {
				return false
			}
		}
		return true
	}, nil
}
