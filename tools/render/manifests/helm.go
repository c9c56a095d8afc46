// Helm, as `helm template` runs it: pkg/cmd/template.go and install.go of Helm without what asks a machine.
package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	release "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/strvals"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
)

// templateOptions are the flags of the command. Paths are absolute.
type templateOptions struct {
	Chart       string   `json:"chart"`
	Release     string   `json:"release"`
	Namespace   string   `json:"namespace"`
	KubeVersion string   `json:"kubeVersion"`
	APIVersions []string `json:"apiVersions"`
	// Files, in the order in which they are merged.
	Values    []string `json:"values"`
	Set       []string `json:"set"`
	SetString []string `json:"setString"`
	SetFile   []string `json:"setFile"`

	IncludeCRDs          bool `json:"includeCRDs"`
	SkipTests            bool `json:"skipTests"`
	NoHooks              bool `json:"noHooks"`
	SkipSchemaValidation bool `json:"skipSchemaValidation"`
}

func template(files tree, options templateOptions) (string, bool, error) {
	install := action.NewInstall(action.NewConfiguration())
	version, err := common.ParseKubeVersion(options.KubeVersion)
	if err != nil {
		return "", true, fmt.Errorf("invalid kube version '%s': %w", options.KubeVersion, err)
	}
	versions, err := split(options.APIVersions)
	if err != nil {
		return "", true, err
	}
	install.DryRunStrategy = action.DryRunClient
	install.Replace = true
	install.KubeVersion = version
	install.APIVersions = versions
	install.IncludeCRDs = options.IncludeCRDs
	install.SkipSchemaValidation = options.SkipSchemaValidation
	install.ReleaseName = options.Release
	install.Namespace = options.Namespace
	if install.Namespace == "" {
		install.Namespace = "default"
	}
	values, err := mergeValues(files, options)
	if err != nil {
		return "", true, err
	}
	loaded, err := loadChart(files, options.Chart)
	if err != nil {
		return "", true, err
	}
	if err := checkInstallable(loaded); err != nil {
		return "", true, err
	}
	made, err := install.RunWithContext(context.Background(), loaded, values)
	if err != nil {
		return "", true, err
	}
	rendered, isRelease := made.(*release.Release)
	if !isRelease {
		return "", true, errors.New("this is no release")
	}
	return textOf(rendered, options), false, nil
}

// split takes lists of commas apart, as the flag does.
func split(lists []string) ([]string, error) {
	var all []string
	for _, list := range lists {
		if list == "" {
			continue
		}
		names, err := csv.NewReader(strings.NewReader(list)).Read()
		if err != nil {
			return nil, fmt.Errorf("invalid argument %q for \"-a, --api-versions\" flag: %w", list, err)
		}
		all = append(all, names...)
	}
	return all, nil
}

// mergeValues is MergeValues of Helm's pkg/cli/values, which opens any path and address itself.
func mergeValues(files tree, options templateOptions) (map[string]any, error) {
	values := map[string]any{}
	for _, path := range options.Values {
		data, err := files.readFile(path)
		if err != nil {
			return nil, err
		}
		read, err := loader.LoadValues(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("failed to parse %s: %w", path, err)
		}
		values = loader.MergeMaps(values, read)
	}
	for _, text := range options.Set {
		if err := strvals.ParseInto(text, values); err != nil {
			return nil, fmt.Errorf("failed parsing --set data: %w", err)
		}
	}
	for _, text := range options.SetString {
		if err := strvals.ParseIntoString(text, values); err != nil {
			return nil, fmt.Errorf("failed parsing --set-string data: %w", err)
		}
	}
	read := func(path []rune) (any, error) {
		data, err := files.readFile(string(path))
		return string(data), err
	}
	for _, text := range options.SetFile {
		if err := strvals.ParseIntoFile(text, values, read); err != nil {
			return nil, fmt.Errorf("failed parsing --set-file data: %w", err)
		}
	}
	return values, nil
}

func checkInstallable(loaded chart.Charter) error {
	about, err := chart.NewAccessor(loaded)
	if err != nil {
		return err
	}
	switch kind := about.MetadataAsMap()["Type"]; kind {
	case "", "application":
	default:
		return fmt.Errorf("%s charts are not installable", kind)
	}
	if needed := about.MetaDependencies(); len(needed) > 0 {
		if err := action.CheckDependencies(loaded, needed); err != nil {
			return fmt.Errorf("an error occurred while checking for chart dependencies. You may need to run "+
				"'helm dependency build' to fetch missing dependencies: %w", err)
		}
	}
	return nil
}

func textOf(made *release.Release, options templateOptions) string {
	var text strings.Builder
	fmt.Fprintln(&text, strings.TrimSpace(made.Manifest))
	for _, hook := range made.Hooks {
		if !options.NoHooks && (!options.SkipTests || !slices.Contains(hook.Events, release.HookTest)) {
			fmt.Fprintf(&text, "---\n# Source: %s\n%s\n", hook.Path, hook.Manifest)
		}
	}
	return text.String()
}
