// Manifests by the libraries of Helm, Kustomize and Jsonnet, out of files that come with each request: one after the
// other over standard input, and nothing of the machine can be reached.
package main

import (
	"errors"
	"fmt"
	"os"
	_ "time/tzdata" // what a chart makes of a date does not depend on the machine

	"github.com/google/go-jsonnet"
	"helm.sh/helm/v4/pkg/chart/common"
	"sigs.k8s.io/kustomize/api/provenance"

	"coxswain.dev/tools/render/message"
)

var verbs = map[string]message.Verb{
	"helm":      with(template),
	"jsonnet":   with(evaluate),
	"kustomize": with(build),
}

func main() {
	if err := serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(args []string) error {
	if len(args) == 1 && args[0] == "--version" {
		_, err := fmt.Println(versions())
		return err
	}
	if len(args) > 0 {
		return errors.New("usage: manifests [--version]")
	}
	if err := wallIn(); err != nil {
		return err
	}
	return message.Serve(os.Stdin, os.Stdout, verbs)
}

// versions are part of the key of all that is rendered.
func versions() string {
	return fmt.Sprintf("helm %s, kustomize %s, jsonnet %s", common.DefaultCapabilities.HelmVersion.Version,
		provenance.GetProvenance().Version, jsonnet.Version())
}
