module coxswain.dev/tools/render

go 1.26.0

require (
	github.com/Masterminds/semver/v3 v3.5.0
	github.com/itchyny/gojq v0.12.19
	github.com/robfig/cron/v3 v3.0.1
	go.yaml.in/yaml/v2 v2.4.4
	go.yaml.in/yaml/v3 v3.0.5
)

require github.com/itchyny/timefmt-go v0.1.8 // indirect
