// Kustomization files: what they refer to, which objects their patches want, and what of them Kustomize would not read.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

type kustomization struct {
	References []reference `json:"references"`
	Targets    []target    `json:"targets"`
	// Kinds and names of what its generators make.
	Generated []objectID `json:"generated"`
	// Lines of keys that are no text, in it and in the patches that stand in it.
	Keys []int `json:"keys"`
	// Objects have other names or namespaces behind it than before it.
	Renames bool `json:"renames"`
	// Those that it has Helm render.
	Charts []chart `json:"charts"`
	// Where Helm keeps them, if it says so.
	ChartHome string `json:"chartHome"`
	Error     *fault `json:"error,omitempty"`
}

type reference struct {
	Path   string `json:"path"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	// `file`, `folder` with a kustomization, or `either`.
	Wants string `json:"wants"`
	// `objects` that become manifests, `patch`, `replacement`, or `data` of whichever kind.
	Holds string `json:"holds"`
}

type chart struct {
	Name    string `json:"name"`
	Repo    string `json:"repo"`
	Version string `json:"version"`
	Devel   bool   `json:"devel"`
	Line    int    `json:"line"`
	// A form of it that Kustomize gave up.
	Old bool `json:"old"`
}

type target struct {
	Line int `json:"line"`
	selector
}

// fields that list paths.
var fields = []struct {
	name string
	kind reference
}{
	{"resources", reference{Wants: "either", Holds: "objects"}},
	{"bases", reference{Wants: "either", Holds: "objects"}},
	{"components", reference{Wants: "folder", Holds: "objects"}},
	{"generators", reference{Wants: "either", Holds: "objects"}},
	{"transformers", reference{Wants: "either", Holds: "data"}},
	{"validators", reference{Wants: "either", Holds: "data"}},
	{"crds", reference{Wants: "file", Holds: "data"}},
	{"configurations", reference{Wants: "file", Holds: "data"}},
	{"patchesStrategicMerge", reference{Wants: "file", Holds: "patch"}},
}

func readKustomizations(_ json.RawMessage, texts [][]byte) (any, [][]byte, error) {
	answers := make([]kustomization, len(texts))
	for i, text := range texts {
		answers[i] = readKustomization(text)
	}
	return answers, nil, nil
}

func readKustomization(text []byte) kustomization {
	read := kustomization{References: []reference{}, Targets: []target{}, Generated: []objectID{},
		Keys: []int{}, Charts: []chart{}}
	if len(text) > maxDocument {
		read.Error = &fault{1, errLong.Error()}
		return read
	}
	root, failed := onlyDocument(text)
	if failed != nil || root == nil || root.Kind != yaml.MappingNode {
		read.Error = failed
		return read
	}
	if key := repeatedIn(root); key != nil {
		read.Error = &fault{key.Line, key.Value +
			" stands twice in this kustomization, and Kustomize reads only one of the two"}
		return read
	}
	for _, key := range keysWithoutText(root) {
		read.Keys = append(read.Keys, key.Line)
	}
	for _, each := range fields {
		for _, item := range itemsOf(root, each.name) {
			read.refer(item, each.kind)
			if each.kind.Holds == "patch" {
				read.inline(item)
			}
		}
	}
	for _, name := range []string{"patches", "patchesJson6902"} {
		for _, item := range itemsOf(root, name) {
			read.refer(field(item, "path"), reference{Wants: "file", Holds: "patch"})
			read.inline(field(item, "patch"))
			if wanted := field(item, "target"); wanted != nil {
				read.Targets = append(read.Targets, target{wanted.Line, selectorOf(wanted)})
			}
		}
	}
	for _, item := range itemsOf(root, "replacements") {
		read.refer(field(item, "path"), reference{Wants: "file", Holds: "replacement"})
		read.Targets = append(read.Targets, replacementTargets(item)...)
	}
	read.refer(field(field(root, "openapi"), "path"), reference{Wants: "file", Holds: "data"})
	read.generators(root, "configMapGenerator", "ConfigMap")
	read.generators(root, "secretGenerator", "Secret")
	read.charts(root)
	for _, name := range []string{"namePrefix", "nameSuffix", "namespace"} {
		read.Renames = read.Renames || textOf(field(root, name)) != ""
	}
	return read
}

func (k *kustomization) charts(root *yaml.Node) {
	k.ChartHome = textOf(field(field(root, "helmGlobals"), "chartHome"))
	for _, item := range itemsOf(root, "helmCharts") {
		devel := field(item, "devel")
		k.Charts = append(k.Charts, chart{Name: textOf(field(item, "name")), Repo: textOf(field(item, "repo")),
			Version: textOf(field(item, "version")), Devel: devel != nil && devel.Value == "true", Line: item.Line})
		for _, path := range append(itemsOf(item, "additionalValuesFiles"), field(item, "valuesFile")) {
			k.refer(path, reference{Wants: "file", Holds: "data"})
		}
	}
	for _, item := range itemsOf(root, "helmChartInflationGenerator") {
		k.Charts = append(k.Charts, chart{Line: item.Line, Old: true})
	}
}

// inline patches are texts of their own. One in a block has its lines in the file.
func (k *kustomization) inline(patch *yaml.Node) {
	text := textOf(patch)
	for _, part := range betweenDashes([]byte(text)) {
		root, _, err := decodeFirst(part.text)
		if err != nil || root == nil {
			continue
		}
		for _, key := range keysWithoutText(root) {
			line := patch.Line
			if patch.Style == yaml.LiteralStyle {
				line += part.line + key.Line - 1
			}
			k.Keys = append(k.Keys, line)
		}
	}
}

func replacementTargets(replacement *yaml.Node) []target {
	var targets []target
	for _, item := range itemsOf(replacement, "targets") {
		if wanted := field(item, "select"); wanted != nil {
			targets = append(targets, target{wanted.Line, selectorOf(wanted)})
		}
	}
	return targets
}

// readReplacements answers the targets of files that hold one replacement, or a list of them.
func readReplacements(_ json.RawMessage, texts [][]byte) (any, [][]byte, error) {
	answers := make([][]target, len(texts))
	for i, text := range texts {
		answers[i] = []target{}
		if len(text) > maxDocument {
			continue
		}
		root, _, err := decodeFirst(text)
		if err != nil || root == nil {
			continue
		}
		replacements := []*yaml.Node{root}
		if root.Kind == yaml.SequenceNode {
			replacements = root.Content
		}
		for _, each := range replacements {
			answers[i] = append(answers[i], replacementTargets(deref(each))...)
		}
	}
	return answers, nil, nil
}

func (k *kustomization) generators(root *yaml.Node, name, kind string) {
	for _, item := range itemsOf(root, name) {
		k.Generated = append(k.Generated, objectID{APIVersion: "v1", Kind: kind,
			Name: textOf(field(item, "name")), Namespace: textOf(field(item, "namespace"))})
		for _, path := range itemsOf(item, "files") { // `key=path`
			if _, behind, keyed := strings.Cut(textOf(path), "="); keyed {
				path = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: behind, Line: path.Line, Column: path.Column}
			}
			k.refer(path, reference{Wants: "file", Holds: "data"})
		}
		for _, path := range append(itemsOf(item, "envs"), field(item, "env")) {
			k.refer(path, reference{Wants: "file", Holds: "data"})
		}
	}
}

// refer leaves out what stands there in full.
func (k *kustomization) refer(node *yaml.Node, kind reference) {
	path := textOf(node)
	if path == "" || strings.Contains(path, "\n") || strings.HasPrefix(path, "{") {
		return
	}
	kind.Path, kind.Line, kind.Column = path, node.Line, node.Column
	k.References = append(k.References, kind)
}

// onlyDocument gives nil for a text without any. Kustomize reads the first one, whatever follows.
func onlyDocument(text []byte) (*yaml.Node, *fault) {
	whole := part{line: 1, text: text}
	first, rest, err := decodeFirst(text)
	if err != nil {
		return nil, whole.faultOf(err, 1)
	}
	if rest > 0 {
		return nil, &fault{rest, "Kustomize reads only the first document of a kustomization, and this one follows it"}
	}
	return first, nil
}

// decodeFirst gives the first document, and the line of whatever follows it within the same text, 0 if nothing does.
func decodeFirst(text []byte) (*yaml.Node, int, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	if err := decoder.Decode(&first); errors.Is(err, io.EOF) {
		return nil, 0, nil
	} else if err != nil {
		return nil, 0, err
	}
	root := deref(first.Content[0])
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
		return root, 0, nil
	case err != nil:
		return root, (part{line: 1, text: text}).faultOf(err, 1).Line, nil
	case second.Content[0].ShortTag() == "!!null":
		return root, 0, nil
	}
	return root, second.Content[0].Line, nil
}

func repeatedIn(node *yaml.Node) *yaml.Node {
	seen := map[string]bool{}
	for i := 0; i < len(node.Content); i += 2 {
		if key := node.Content[i]; seen[key.Value] {
			return key
		}
		seen[node.Content[i].Value] = true
	}
	return nil
}

func deref(node *yaml.Node) *yaml.Node {
	if node != nil && node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// field of a map; nil if it is none, or has none of that name.
func field(node *yaml.Node, name string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return deref(node.Content[i+1])
		}
	}
	return nil
}

func itemsOf(node *yaml.Node, name string) []*yaml.Node {
	list := field(node, name)
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	items := make([]*yaml.Node, len(list.Content))
	for i, item := range list.Content {
		items[i] = deref(item)
	}
	return items
}

func textOf(node *yaml.Node) string {
	if node == nil || node.Kind != yaml.ScalarNode || node.ShortTag() != "!!str" {
		return ""
	}
	return node.Value
}
