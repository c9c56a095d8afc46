// Lines within a document: the library that reads as Kubernetes does keeps none, so its successor is asked where they are needed.
package main

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

func nodeOf(text []byte) *yaml.Node {
	var root yaml.Node
	if yaml.Unmarshal(text, &root) != nil || len(root.Content) == 0 {
		return &yaml.Node{}
	}
	return root.Content[0]
}

// repeatedInNodes are the keys that stand twice in one map as it is written, whatever is merged into it.
func (p part) repeatedInNodes() []repeatedKey {
	var repeated []repeatedKey
	var walk func(*yaml.Node)
	walk = func(node *yaml.Node) {
		seen := map[string]bool{}
		for i, child := range node.Content {
			walk(child)
			if node.Kind != yaml.MappingNode || i%2 != 0 || child.Kind != yaml.ScalarNode || child.Tag == "!!merge" {
				continue
			}
			if seen[child.Value] {
				repeated = append(repeated, repeatedKey{Line: p.line + child.Line - 1, Key: child.Value})
			}
			seen[child.Value] = true
		}
	}
	walk(nodeOf(p.text))
	return repeated
}

// itemNodes of the list whose document begins at the line; their lines count from there.
func itemNodes(text []byte, line int) []*yaml.Node {
	for range line - 1 {
		text = text[bytes.IndexByte(text, '\n')+1:]
	}
	if parts := split(text); len(parts) > 0 {
		text = parts[0].text
		if len(bytes.TrimSpace(bytes.TrimPrefix(text, []byte("---")))) == 0 && len(parts) > 1 {
			text = parts[1].text
		}
	}
	var items []*yaml.Node
	root := nodeOf(text)
	if root.Kind == yaml.SequenceNode {
		return root.Content
	}
	for i := 0; i+1 < len(root.Content) && root.Kind == yaml.MappingNode; i += 2 {
		if root.Content[i].Value == "items" {
			items = root.Content[i+1].Content
		}
	}
	return items
}
