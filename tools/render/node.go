// Lines within a document: the library that reads as Kubernetes does keeps none, so its successor is asked where they
// are needed.
package main

import "go.yaml.in/yaml/v3"

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

// keysWithoutText are numbers, booleans, dates and the like, and maps and lists, to any depth.
func keysWithoutText(node *yaml.Node) []*yaml.Node {
	var keys []*yaml.Node
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 {
			if tag := deref(child).ShortTag(); tag != "!!str" && tag != "!!merge" {
				keys = append(keys, child)
			}
		}
		keys = append(keys, keysWithoutText(child)...)
	}
	return keys
}

// itemNodes of a list of objects, or of one that is no object.
func itemNodes(list *yaml.Node) []*yaml.Node {
	if list.Kind == yaml.SequenceNode {
		return list.Content
	}
	if items := field(list, "items"); items != nil {
		return items.Content
	}
	return nil
}
