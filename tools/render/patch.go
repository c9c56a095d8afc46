// Patches by which client-side tools apply a manifest, made by the libraries of kubectl: what the last manifest had and
// this one lacks goes, what it says is set, and the rest stays.
package main

import (
	"bytes"
	"encoding/json"
	"errors"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"
)

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// The blobs are the manifest, the live object, and the manifest that was applied before, if it is known.
type patchRequest struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
}

type patchAnswer struct {
	// "strategic" or "merge".
	Type string `json:"type"`
	// Beside what kubectl keeps of the manifest, it changes nothing.
	Empty bool `json:"empty"`
}

// No error of the libraries is told: they quote what they do not understand, and the object may be a Secret.
var errPatch = errors.New("no patch can be made of the manifest, the live object and what was applied before: " +
	"an entry of a list lacks the key of that list, or a field has another type")

func patchOver(parameters json.RawMessage, blobs [][]byte) (any, [][]byte, error) {
	var asked patchRequest
	if err := json.Unmarshal(parameters, &asked); err != nil {
		return nil, nil, err
	}
	if len(blobs) < 2 {
		return nil, nil, errors.New("this takes a manifest and a live object")
	}
	modified, err := withLastApplied(blobs[0])
	if err != nil {
		return nil, nil, errPatch
	}
	var original []byte
	if len(blobs) > 2 {
		original = blobs[2]
	}
	answer, patch, err := threeWay(schema.GroupVersionKind(asked), original, modified, blobs[1])
	if err != nil {
		return nil, nil, errPatch
	}
	if answer.Empty, err = changesNothing(patch); err != nil {
		return nil, nil, errPatch
	}
	return answer, [][]byte{patch}, nil
}

// threeWay: kinds of Kubernetes' own API are merged by the keys of their lists, any other by field alone (kubectl:
// pkg/cmd/apply/patcher.go).
func threeWay(kind schema.GroupVersionKind, original, modified, current []byte) (patchAnswer, []byte, error) {
	object, err := scheme.Scheme.New(kind)
	if err != nil {
		patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch(original, modified, current)
		return patchAnswer{Type: "merge"}, patch, err
	}
	meta, err := strategicpatch.NewPatchMetaFromStruct(object)
	if err != nil {
		return patchAnswer{}, nil, err
	}
	patch, err := strategicpatch.CreateThreeWayMergePatch(original, modified, current, meta, true)
	return patchAnswer{Type: "strategic"}, patch, err
}

// withLastApplied is the manifest with itself in the annotation, as kubectl sends it (pkg/util/apply.go).
func withLastApplied(text []byte) ([]byte, error) {
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		return nil, err
	}
	metadata, _ := object["metadata"].(map[string]any)
	if metadata == nil {
		return nil, errPatch
	}
	annotations, _ := metadata["annotations"].(map[string]any)
	if annotations == nil {
		annotations = map[string]any{}
		metadata["annotations"] = annotations
	}
	delete(annotations, lastApplied)
	plain, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	annotations[lastApplied] = string(plain) + "\n"
	return json.Marshal(object)
}

func changesNothing(patch []byte) (bool, error) {
	var object map[string]any
	if err := json.Unmarshal(patch, &object); err != nil {
		return false, err
	}
	if metadata, found := object["metadata"].(map[string]any); found {
		if annotations, found := metadata["annotations"].(map[string]any); found {
			if delete(annotations, lastApplied); len(annotations) == 0 {
				delete(metadata, "annotations")
			}
		}
		if len(metadata) == 0 {
			delete(object, "metadata")
		}
	}
	return len(object) == 0, nil
}
