// Schedules of sync windows as Argo CD parses them: five fields, no descriptors, `TZ=` before them.
package main

import (
	"encoding/json"
	"fmt"
	"time"
	_ "time/tzdata" // an image need not have them

	"github.com/robfig/cron/v3"
)

type window struct {
	Schedule string `json:"schedule"`
	Zone     string `json:"zone"`
	Duration string `json:"duration"`
	// Milliseconds since the epoch.
	At int64 `json:"at"`
}

// opening is in milliseconds; a start that never comes is 0.
type opening struct {
	// The first start that is less than the duration before the moment, or later.
	Start int64 `json:"start"`
	// The first start at the moment or later.
	Next     int64  `json:"next"`
	Duration int64  `json:"duration"`
	Error    string `json:"error,omitempty"`
}

var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

func openings(parameters json.RawMessage, _ [][]byte) (any, [][]byte, error) {
	var asked []window
	if err := json.Unmarshal(parameters, &asked); err != nil {
		return nil, nil, err
	}
	answers := make([]opening, len(asked))
	for i, each := range asked {
		answers[i] = openingOf(each)
	}
	return answers, nil, nil
}

func openingOf(asked window) (answer opening) {
	defer func() {
		if recover() != nil { // the parser cannot bear `TZ=UTC` alone
			answer = opening{Error: fmt.Sprintf("cannot parse schedule %q", asked.Schedule)}
		}
	}()
	duration, err := time.ParseDuration(asked.Duration)
	if err != nil {
		return opening{Error: fmt.Sprintf("cannot parse duration %q", asked.Duration)}
	}
	zone, err := time.LoadLocation(asked.Zone)
	if err != nil {
		return opening{Error: fmt.Sprintf("unknown time zone %q", asked.Zone)}
	}
	parsed, err := parser.Parse(asked.Schedule)
	if err != nil {
		return opening{Error: fmt.Sprintf("cannot parse schedule %q: %v", asked.Schedule, err)}
	}
	if spec, isSpec := parsed.(*cron.SpecSchedule); isSpec && spec.Location != time.Local {
		zone, spec.Location = spec.Location, time.Local // Local stands for the zone of the moment that is asked about
	}
	at := time.UnixMilli(asked.At).In(zone)
	return opening{
		Start:    milliseconds(nextStart(parsed, at.Add(-duration))),
		Next:     milliseconds(nextStart(parsed, at.Add(-time.Millisecond))),
		Duration: duration.Milliseconds(),
	}
}

func milliseconds(start time.Time) int64 {
	if start.IsZero() {
		return 0
	}
	return start.UnixMilli()
}

// nextStart also finds starts that fall into an hour that the clocks leave out: the parser's own search skips them, and
// a window that denies would be left open for a night. They begin when the clocks have moved.
func nextStart(parsed cron.Schedule, after time.Time) time.Time {
	next := parsed.Next(after)
	wall := after
	for {
		wall = parsed.Next(onTheWall(wall, time.UTC))
		if wall.IsZero() {
			return next
		}
		start := onTheWall(wall, after.Location())
		if !next.IsZero() && !start.Before(next) {
			return next
		}
		if start.After(after) {
			return start
		}
	}
}

// onTheWall is the moment at which a clock of that zone shows the same.
func onTheWall(t time.Time, zone *time.Location) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
}
