// What Kubernetes and Argo CD do with libraries of Go, done by those libraries: one request after the other over
// standard input.
package main

import (
	"fmt"
	"os"

	"coxswain.dev/tools/render/message"
)

var verbs = map[string]message.Verb{
	"constraint":    newest,
	"cron":          openings,
	"jq":            jqPaths,
	"known-forms":   knownForms,
	"kustomization": readKustomizations,
	"lua":           luaHealth,
	"lua-fault":     luaFault,
	"objects":       readObjects,
	"patch":         patchOver,
	"replacements":  readReplacements,
	"unmatched":     unmatched,
	"yaml":          readYAML,
}

func main() {
	if err := message.Serve(os.Stdin, os.Stdout, verbs); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
