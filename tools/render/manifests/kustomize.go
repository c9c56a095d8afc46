// Kustomize, as `kustomize build` runs it.
package main

import (
	"errors"
	"net/http"
	"path/filepath"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

type buildOptions struct {
	// Absolute: the folder of the kustomization.
	Path string `json:"path"`
	// Files may stand above the folder of a kustomization.
	AnyFile bool `json:"anyFile"`
	// `legacy` or `none`.
	Reorder string `json:"reorder"`
	// Kustomizations may have Helm render charts, for this cluster where they do not say so.
	EnableHelm  bool     `json:"enableHelm"`
	KubeVersion string   `json:"kubeVersion"`
	APIVersions []string `json:"apiVersions"`
}

// Kustomize asks the web by the default client, whatever file system it is given.
func init() { http.DefaultTransport = noTransport{} }

type noTransport struct{}

var errNoNetwork = errors.New("there is no network while rendering")

func (noTransport) RoundTrip(*http.Request) (*http.Response, error) { return nil, errNoNetwork }

// What nobody has set. A schema that a kustomization names stays with the process.
var builtinSchema = openapi.GetSchemaVersion()

func build(files tree, options buildOptions) (string, bool, error) {
	settings := krusty.MakeDefaultOptions()
	settings.Reorder = krusty.ReorderOptionUnspecified // as the command does unless it is told otherwise
	if options.Reorder != "" {
		settings.Reorder = krusty.ReorderOption(options.Reorder)
	}
	if options.AnyFile {
		settings.LoadRestrictions = types.LoadRestrictionsNone
	}
	disk := fileSystem{files: files}
	if options.EnableHelm {
		disk.charts = &inflater{files: files, kubeVersion: options.KubeVersion, apiVersions: options.APIVersions,
			anyFile: options.AnyFile, done: map[string][]byte{}}
	}
	made, err := krusty.MakeKustomizer(settings).Run(disk, options.Path)
	if disk.charts != nil && disk.charts.failed != nil {
		return "", true, disk.charts.failed
	}
	if err != nil {
		return "", true, err
	}
	text, err := made.AsYaml()
	return string(text), openapi.GetSchemaVersion() != builtinSchema, err
}

// fileSystem is what Kustomize reads, and all that it can. It writes where it clones and where it edits, which it does
// not do here.
type fileSystem struct {
	files  tree
	charts *inflater
}

var errReadOnly = errors.New("nothing is written while rendering")

func (f fileSystem) ReadFile(path string) ([]byte, error) {
	text, err := f.files.readFile(path)
	if err != nil || f.charts == nil {
		return text, err
	}
	return f.charts.kustomization(path, text)
}

func (f fileSystem) Exists(path string) bool {
	_, err := f.files.stat(path)
	return err == nil
}

func (f fileSystem) IsDir(path string) bool {
	info, err := f.files.stat(path)
	return err == nil && info.IsDir()
}

// CleanedAbs need not follow links: there are none.
func (f fileSystem) CleanedAbs(path string) (filesys.ConfirmedDir, string, error) {
	info, err := f.files.stat(path)
	if err != nil {
		return "", "", err
	}
	clean := filepath.Clean("/" + path)
	if info.IsDir() {
		return filesys.ConfirmedDir(clean), "", nil
	}
	return filesys.ConfirmedDir(filepath.Dir(clean)), filepath.Base(clean), nil
}

func (f fileSystem) Create(string) (filesys.File, error)  { return nil, errReadOnly }
func (f fileSystem) Mkdir(string) error                   { return errReadOnly }
func (f fileSystem) MkdirAll(string) error                { return errReadOnly }
func (f fileSystem) RemoveAll(string) error               { return errReadOnly }
func (f fileSystem) WriteFile(string, []byte) error       { return errReadOnly }
func (f fileSystem) Open(string) (filesys.File, error)    { return nil, errors.ErrUnsupported }
func (f fileSystem) ReadDir(string) ([]string, error)     { return nil, errors.ErrUnsupported }
func (f fileSystem) Glob(string) ([]string, error)        { return nil, errors.ErrUnsupported }
func (f fileSystem) Walk(string, filepath.WalkFunc) error { return errors.ErrUnsupported }
