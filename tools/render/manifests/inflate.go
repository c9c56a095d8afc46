// The helmCharts of kustomizations, as Kustomize has the command of Helm render them (its HelmChartInflationGenerator):
// here without a command, out of the charts that came with the request.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/kio"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/kustomize/kyaml/yaml/merge2"
	"sigs.k8s.io/yaml"
)

// inflater is how charts are rendered where a kustomization does not say so itself.
type inflater struct {
	files       tree
	kubeVersion string
	apiVersions []string
	anyFile     bool
	// By path: what Kustomize reads of it.
	done map[string][]byte
	// The first failure. Kustomize takes a file that cannot be read for one that is not there.
	failed error
}

// kustomization is what it says when it names charts: each of them is a resource instead.
func (i *inflater) kustomization(file string, text []byte) ([]byte, error) {
	made, err := i.inflated(file, text)
	if i.failed == nil {
		i.failed = err
	}
	return made, err
}

func (i *inflater) inflated(file string, text []byte) ([]byte, error) {
	if !slices.Contains(konfig.RecognizedKustomizationFileNames(), path.Base(file)) {
		return text, nil
	}
	if known, done := i.done[file]; done {
		return known, nil
	}
	var says struct {
		Charts  []types.HelmChart  `json:"helmCharts"`
		Globals *types.HelmGlobals `json:"helmGlobals"`
	}
	// What is no kustomization is Kustomize's to tell.
	if err := yaml.Unmarshal(text, &says); err != nil || len(says.Charts) == 0 {
		return text, nil
	}
	node, err := kyaml.Parse(string(text))
	if err != nil {
		return text, nil
	}
	resources := []string{}
	for at, chart := range says.Charts {
		objects, err := i.render(path.Dir(file), says.Globals, chart)
		if err != nil {
			return nil, fmt.Errorf("%s: chart %s: %w", file, chart.Name, err)
		}
		name := fmt.Sprintf(".helm-charts/%d.yaml", at)
		if len(objects) > 0 {
			i.files.put(path.Join(path.Dir(file), name), objects)
			resources = append(resources, name)
		}
	}
	list, err := node.Pipe(kyaml.LookupCreate(kyaml.SequenceNode, "resources"))
	if err != nil {
		return nil, err
	}
	for _, each := range resources {
		if err := list.PipeE(kyaml.Append(kyaml.NewStringRNode(each).YNode())); err != nil {
			return nil, err
		}
	}
	if err := node.PipeE(kyaml.Clear("helmCharts")); err != nil {
		return nil, err
	}
	made, err := node.String()
	i.done[file] = []byte(made)
	return i.done[file], err
}

// render answers the objects of one chart as text, each marked as Kustomize marks them.
func (i *inflater) render(folder string, globals *types.HelmGlobals, chart types.HelmChart) ([]byte, error) {
	switch {
	case chart.Name == "" || strings.HasPrefix(chart.Name, "-"), strings.Contains(chart.Name, "/"):
		return nil, fmt.Errorf("%q is no name of a chart", chart.Name)
	case strings.HasPrefix(chart.ReleaseName, "-"):
		return nil, fmt.Errorf("releaseName must not start with '-', got %q", chart.ReleaseName)
	case chart.NameTemplate != "":
		return nil, errors.New("nameTemplate is not rendered: name the release by releaseName")
	}
	home := types.HelmDefaultHome
	if globals != nil && globals.ChartHome != "" {
		home = globals.ChartHome
	}
	if chart.Version != "" && chart.Repo != "" {
		home = path.Join(home, chart.Name+"-"+chart.Version)
	}
	options := templateOptions{
		Chart:       path.Join(folder, home, chart.Name),
		Release:     chart.ReleaseName,
		Namespace:   chart.Namespace,
		KubeVersion: chart.KubeVersion,
		APIVersions: chart.ApiVersions,
		IncludeCRDs: chart.IncludeCRDs,
		SkipTests:   chart.SkipTests,
		NoHooks:     chart.SkipHooks,
	}
	if options.Release == "" {
		options.Release = "release-name" // Helm's command takes the time for one
	}
	if options.KubeVersion == "" {
		options.KubeVersion = i.kubeVersion
	}
	if len(options.APIVersions) == 0 {
		options.APIVersions = i.apiVersions
	}
	if info, err := i.files.stat(options.Chart); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("no repo specified for pull, no chart found at '%s'", options.Chart)
	}
	values, err := i.values(folder, path.Join(options.Chart, "values.yaml"), chart)
	if err != nil {
		return nil, err
	}
	options.Values = values
	text, _, err := template(i.files, options)
	if err != nil {
		return nil, err
	}
	return marked(text)
}

// values writes the first file of them, and answers the paths of all.
func (i *inflater) values(folder, first string, chart types.HelmChart) ([]string, error) {
	if chart.ValuesFile != "" {
		first = path.Join(folder, chart.ValuesFile)
	}
	text, err := []byte(nil), error(nil)
	if len(chart.ValuesInline) == 0 || chart.ValuesMerge != "replace" {
		if text, err = i.load(folder, first); err != nil {
			return nil, err
		}
	}
	if len(chart.ValuesInline) > 0 {
		if text, err = mergeInline(text, chart); err != nil {
			return nil, err
		}
	}
	merged := path.Join(home, "charts", chart.Name+"-kustomize-values.yaml")
	i.files.put(merged, text)
	paths := []string{merged}
	for _, each := range chart.AdditionalValuesFiles {
		file := path.Join(folder, each)
		if _, err := i.load(folder, file); err != nil {
			return nil, fmt.Errorf("could not load additionalValuesFile: %w", err)
		}
		paths = append(paths, file)
	}
	return paths, nil
}

// home stands beside the repository: nothing in it goes by such a name.
const home = "/coxswain/home"

func (i *inflater) load(folder, file string) ([]byte, error) {
	if !i.anyFile && !strings.HasPrefix(file, strings.TrimSuffix(folder, "/")+"/") {
		return nil, fmt.Errorf("security; file '%s' is not in or below '%s'", file, folder)
	}
	return i.files.readFile(file)
}

func mergeInline(text []byte, chart types.HelmChart) ([]byte, error) {
	values := chart.ValuesInline
	if chart.ValuesMerge != "replace" {
		ofChart, err := kyaml.Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("could not parse values file into rnode: %w", err)
		}
		inline, err := kyaml.FromMap(chart.ValuesInline)
		if err != nil {
			return nil, fmt.Errorf("could not parse values inline into rnode: %w", err)
		}
		var merged *kyaml.RNode
		switch chart.ValuesMerge {
		case "", "override":
			merged, err = merge2.Merge(inline, ofChart, kyaml.MergeOptions{})
		case "merge":
			merged, err = merge2.Merge(ofChart, inline, kyaml.MergeOptions{})
		default:
			return nil, errors.New("valuesMerge must be one of [merge override replace]")
		}
		if err != nil {
			return nil, fmt.Errorf("could not merge values: %w", err)
		}
		if values, err = merged.Map(); err != nil {
			return nil, fmt.Errorf("could not parse merged values into map: %w", err)
		}
	}
	return yaml.Marshal(values)
}

// marked is for transformers, which treat what Helm made otherwise.
func marked(text string) ([]byte, error) {
	objects, err := (&kio.ByteReader{Reader: strings.NewReader(text), OmitReaderAnnotations: true}).Read()
	if err != nil {
		return nil, fmt.Errorf("error reading helm output: %w", err)
	}
	for _, object := range objects {
		if err := object.PipeE(kyaml.SetAnnotation(konfig.HelmGeneratedAnnotation, "true")); err != nil {
			return nil, fmt.Errorf("failed to set helm annotation: %w", err)
		}
	}
	var made bytes.Buffer
	err = (kio.ByteWriter{Writer: &made, KeepReaderAnnotations: true}).Write(objects)
	return made.Bytes(), err
}
