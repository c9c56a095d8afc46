#!/bin/sh
# What Kustomize 5.8.2 makes of integers beyond 2^53 in an object that a JSON 6902 patch changes elsewhere: the double
# next to them. Without a patch, and by a strategic merge patch, they stay. Exit 0: as described here; 1: otherwise.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
GOBIN="$work" go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.2
./kustomize version

mkdir app
printf 'apiVersion: x.example/v1\nkind: Ledger\nmetadata: {name: one}\nspec: {offset: 9007199254740993, other: 1}\n' > app/x.yaml
offset() { ./kustomize build app | sed -n 's/^ *offset: //p'; }
expect() {
  found=$(offset)
  echo "$1: $found"
  [ "$found" = "$2" ]
}
echo 'resources: [x.yaml]' > app/kustomization.yaml
expect 'no patch' 9007199254740993
cat > app/kustomization.yaml <<'Y'
resources: [x.yaml]
patches:
- patch: '{apiVersion: x.example/v1, kind: Ledger, metadata: {name: one}, spec: {other: 2}}'
Y
expect 'a strategic merge patch of another field' 9007199254740993
cat > app/kustomization.yaml <<'Y'
resources: [x.yaml]
patches:
- target: {kind: Ledger}
  patch: '[{"op": "replace", "path": "/spec/other", "value": 2}]'
Y
expect 'a JSON 6902 patch of another field' 9007199254740992
