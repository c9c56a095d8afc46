// Jsonnet for programs of strangers: it reads the folder that it is given, and nothing else of the machine.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/google/go-jsonnet"
)

// What the renderer looks for: a jsonnet that says something else reads any file that a program names.
const version = "coxswain-jsonnet, go-jsonnet "

func main() {
	if err := evaluate(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func evaluate(args []string) error {
	vm := jsonnet.MakeVM()
	files := &importer{known: map[string]jsonnet.Contents{}}
	flags := flag.NewFlagSet("jsonnet", flag.ContinueOnError)
	root := flags.String("root", "", "the folder that may be read")
	tell := flags.Bool("version", false, "print the version")
	flags.Func("J", "library folder below the root; the last one wins", files.addLibrary)
	flags.Func("ext-str", "external variable: name=text", variable(vm.ExtVar))
	flags.Func("ext-code", "external variable: name=code", variable(vm.ExtCode))
	flags.Func("tla-str", "top-level argument: name=text", variable(vm.TLAVar))
	flags.Func("tla-code", "top-level argument: name=code", variable(vm.TLACode))
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *tell {
		fmt.Println(version + jsonnet.Version())
		return nil
	}
	if *root == "" || flags.NArg() != 1 {
		return errors.New("usage: jsonnet --root <folder> {-J <folder>} " +
			"{--ext-str|--ext-code|--tla-str|--tla-code <name>=<value>} [--] <program>")
	}
	opened, err := os.OpenRoot(*root)
	if err != nil {
		return err
	}
	defer opened.Close()
	files.root = opened
	vm.Importer(files)
	text, err := vm.EvaluateFile(flags.Arg(0))
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(text)
	return err
}

func variable(set func(name, value string)) func(string) error {
	return func(text string) error {
		name, value, found := strings.Cut(text, "=")
		if !found { // upstream takes it from the environment
			return errors.New("not in form <name>=<value>")
		}
		set(name, value)
		return nil
	}
}

// importer knows files by their paths below the root. os.Root follows no link out of it.
type importer struct {
	root      *os.Root
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
	data, err := i.root.ReadFile(file)
	if err != nil {
		return jsonnet.Contents{}, err
	}
	i.known[file] = jsonnet.MakeContentsRaw(data)
	return i.known[file], nil
}
