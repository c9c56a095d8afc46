// Jsonnet for programs of strangers: imports follow no path out of the repository.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/google/go-jsonnet"
)

// evaluateOptions name files from the root.
type evaluateOptions struct {
	// Absolute: the folder that stands for the repository's root.
	Root    string `json:"root"`
	Program string `json:"program"`
	// Folders in which imports are looked for, the last one first.
	Libraries []string   `json:"libraries"`
	Variables []variable `json:"variables"`
}

type variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// `Value` is a program.
	Code bool `json:"code"`
	// An argument of the program, which is a function.
	Argument bool `json:"argument"`
}

func evaluate(files tree, options evaluateOptions) (string, bool, error) {
	vm := jsonnet.MakeVM()
	for _, each := range options.Variables {
		each.setIn(vm)
	}
	sources := &importer{root: options.Root, files: files, known: map[string]jsonnet.Contents{}}
	for _, library := range options.Libraries {
		if err := sources.addLibrary(library); err != nil {
			return "", true, err
		}
	}
	vm.Importer(sources)
	text, err := vm.EvaluateFile(options.Program)
	return text, false, err
}

func (v variable) setIn(vm *jsonnet.VM) {
	switch {
	case v.Argument && v.Code:
		vm.TLACode(v.Name, v.Value)
	case v.Argument:
		vm.TLAVar(v.Name, v.Value)
	case v.Code:
		vm.ExtCode(v.Name, v.Value)
	default:
		vm.ExtVar(v.Name, v.Value)
	}
}

// importer knows files by their paths below the root.
type importer struct {
	root      string
	files     tree
	libraries []string
	known     map[string]jsonnet.Contents
}

func (i *importer) addLibrary(folder string) error {
	clean, inside := below(".", folder)
	if !inside {
		return errors.New("leaves the root")
	}
	i.libraries = append([]string{clean}, i.libraries...)
	return nil
}

// Import looks beside the importing file first, then in the libraries, the last one first.
func (i *importer) Import(from, name string) (jsonnet.Contents, string, error) {
	left := false
	for _, folder := range append([]string{path.Dir(from)}, i.libraries...) {
		file, inside := below(folder, name)
		if !inside {
			left = true
			continue
		}
		contents, err := i.read(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return jsonnet.Contents{}, "", fmt.Errorf("couldn't open import %q: %w", name, err)
		}
		return contents, file, nil
	}
	if left {
		return jsonnet.Contents{}, "", fmt.Errorf("import %q leaves the repository", name)
	}
	return jsonnet.Contents{}, "", fmt.Errorf(
		"couldn't open import %q: no match locally or in the Jsonnet library paths", name)
}

// below joins; an absolute name, and one that climbs out, is not inside.
func below(folder, name string) (string, bool) {
	if path.IsAbs(name) {
		return "", false
	}
	file := path.Join(folder, name)
	return file, file != ".." && !strings.HasPrefix(file, "../")
}

// read answers the same contents for the same file, as go-jsonnet demands.
func (i *importer) read(file string) (jsonnet.Contents, error) {
	if contents, found := i.known[file]; found {
		return contents, nil
	}
	data, err := i.files.readFile(path.Join(i.root, file))
	if err != nil {
		return jsonnet.Contents{}, err
	}
	i.known[file] = jsonnet.MakeContentsRaw(data)
	return i.known[file], nil
}
