// Version constraints as Argo CD resolves them (Argo CD: docs/user-guide/tracking_strategies.md): the newest tag that
// fits.
package main

import (
	"encoding/json"

	"github.com/Masterminds/semver/v3"
)

type constraintRequest struct {
	Constraint string   `json:"constraint"`
	Tags       []string `json:"tags"`
}

// newest answers the tag as it is written; null if none fits or the text is no constraint. A version that is written
// out is none: it names a tag.
func newest(parameters json.RawMessage, _ [][]byte) (any, [][]byte, error) {
	var asked constraintRequest
	if err := json.Unmarshal(parameters, &asked); err != nil {
		return nil, nil, err
	}
	if _, err := semver.NewVersion(asked.Constraint); err == nil {
		return nil, nil, nil
	}
	constraint, err := semver.NewConstraint(asked.Constraint)
	if err != nil {
		return nil, nil, nil
	}
	var best *semver.Version
	for _, tag := range asked.Tags {
		version, err := semver.NewVersion(tag)
		if err == nil && constraint.Check(version) && (best == nil || version.GreaterThan(best)) {
			best = version
		}
	}
	if best == nil {
		return nil, nil, nil
	}
	return best.Original(), nil, nil
}
