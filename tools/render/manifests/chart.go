// Charts out of the files, as Helm's pkg/chart/loader reads them from a disk.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/ignore"
	"sigs.k8s.io/yaml"
)

var byteOrderMark = []byte{0xEF, 0xBB, 0xBF}

func loadChart(files tree, path string) (*chart.Chart, error) {
	text, err := files.readFile(path + "/Chart.yaml")
	if err != nil {
		return nil, fmt.Errorf("unable to detect chart at %s/Chart.yaml: %w", path, err)
	}
	var about struct {
		APIVersion string `json:"apiVersion,omitempty"`
	}
	if err := yaml.Unmarshal(text, &about); err != nil {
		return nil, fmt.Errorf("cannot load Chart.yaml: %w", err)
	}
	switch about.APIVersion {
	case chart.APIVersionV1, chart.APIVersionV2, "":
	case "v3":
		return nil, errors.New("invalid chart apiVersion") // read by the command, and refused by the action
	default:
		return nil, errors.New("unsupported chart version")
	}
	below, err := files.below(path)
	if err != nil {
		return nil, err
	}
	buffered, err := chartFiles(below)
	if err != nil {
		return nil, err
	}
	return loader.LoadFiles(buffered)
}

// chartFiles are those that .helmignore leaves.
func chartFiles(files fs.FS) ([]*archive.BufferedFile, error) {
	rules := ignore.Empty()
	if text, err := fs.ReadFile(files, ignore.HelmIgnore); err == nil {
		if rules, err = ignore.Parse(bytes.NewReader(text)); err != nil {
			return nil, err
		}
	}
	rules.AddDefaults()
	var found []*archive.BufferedFile
	left := archive.MaxDecompressedChartSize
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if rules.Ignore(name, info) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			return nil
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("cannot load irregular file %s as it has file mode type bits set", name)
		}
		if left -= info.Size(); left < 0 {
			return fmt.Errorf("error reading %s: chart exceeds maximum decompressed size of %d bytes", name,
				archive.MaxDecompressedChartSize)
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("error reading %s: %w", name, err)
		}
		found = append(found, &archive.BufferedFile{Name: name, ModTime: info.ModTime(),
			Data: bytes.TrimPrefix(data, byteOrderMark)})
		return nil
	})
	return found, err
}
