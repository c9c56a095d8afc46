module coxswain.dev/tools/render

go 1.26.0

require (
	github.com/Masterminds/semver/v3 v3.5.0
	github.com/robfig/cron/v3 v3.0.1
	go.yaml.in/yaml/v2 v2.4.4
	go.yaml.in/yaml/v3 v3.0.5
)
