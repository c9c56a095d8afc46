// Schedules of sync windows as Argo CD parses them: five fields, no descriptors, `TZ=` before them.
package main

import (
	"encoding/json"
	"fmt"
	"time"
	_ "time/tzdata" // an image need not have them

	"github.com/robfig/cron/v3"
)

type schedule struct {
	Schedule string `json:"schedule"`
	Zone     string `json:"zone"`
	// Milliseconds since the epoch.
	After []int64 `json:"after"`
}

type starts struct {
	// For each moment the first start after it, 0 if there is none.
	Next  []int64 `json:"next,omitempty"`
	Error string  `json:"error,omitempty"`
}

var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

func nextStarts(parameters json.RawMessage, _ [][]byte) (any, [][]byte, error) {
	var asked []schedule
	if err := json.Unmarshal(parameters, &asked); err != nil {
		return nil, nil, err
	}
	answers := make([]starts, len(asked))
	for i, each := range asked {
		answers[i] = startsOf(each)
	}
	return answers, nil, nil
}

func startsOf(asked schedule) (answer starts) {
	defer func() {
		if recover() != nil { // the parser cannot bear `TZ=UTC` alone
			answer = starts{Error: fmt.Sprintf("cannot parse schedule %q", asked.Schedule)}
		}
	}()
	zone, err := time.LoadLocation(asked.Zone)
	if err != nil {
		return starts{Error: fmt.Sprintf("unknown time zone %q", asked.Zone)}
	}
	parsed, err := parser.Parse(asked.Schedule)
	if err != nil {
		return starts{Error: fmt.Sprintf("cannot parse schedule %q: %v", asked.Schedule, err)}
	}
	if spec, isSpec := parsed.(*cron.SpecSchedule); isSpec && spec.Location != time.Local {
		zone, spec.Location = spec.Location, time.Local // Local stands for the zone of the moment that is asked about
	}
	for _, after := range asked.After {
		next := nextStart(parsed, time.UnixMilli(after).In(zone))
		if next.IsZero() {
			answer.Next = append(answer.Next, 0)
		} else {
			answer.Next = append(answer.Next, next.UnixMilli())
		}
	}
	return answer
}

// nextStart also finds starts that fall into an hour that the clocks leave out: the parser's own search skips them, and a window that denies
// would be left open for a night. They begin when the clocks have moved.
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
