// What Kubernetes' reader makes of each text: a JSON list of texts in, a list of their JSON out, null where it refuses
// one.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

func main() {
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answers := make([]*string, len(texts))
	for i, text := range texts {
		answers[i] = read(text)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		os.Exit(1)
	}
}

func read(text string) (answer *string) {
	defer func() {
		if recover() != nil {
			answer = nil
		}
	}()
	value, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return nil
	}
	found := string(value)
	return &found
}
