// Health of an object as a script of a person says it, by the interpreter that Argo CD has.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

type luaRequest struct {
	Script string `json:"script"`
	// Argo CD: useOpenLibs. Without it a script has tables, and what tells the time.
	OpenLibs bool `json:"openLibs"`
	// Milliseconds.
	Timeout int `json:"timeout"`
	// Bytes that the process may hold.
	Memory uint64 `json:"memory"`
}

type luaAnswer struct {
	// What the script said; both are empty where it said nothing.
	Status  string `json:"status"`
	Message string `json:"message"`
	Error   string `json:"error,omitempty"`
	// It took too much, which another time it may not.
	Limit bool `json:"limit,omitempty"`
	// What goes on nobody stops: the process ends with this answer.
	spent bool
}

func (a luaAnswer) isLast() bool { return a.spent }

const maxScript, longestMessage = 1 << 20, 2_000

// luaFault tells why a script cannot be read; nothing of it is run.
func luaFault(parameters json.RawMessage, _ [][]byte) (any, [][]byte, error) {
	var asked luaRequest
	if err := json.Unmarshal(parameters, &asked); err != nil {
		return nil, nil, err
	}
	return luaAnswer{Error: unreadable(asked.Script)}, nil, nil
}

func unreadable(script string) (why string) {
	defer func() {
		if recover() != nil {
			why = "it is beyond what can be read"
		}
	}()
	if len(script) > maxScript {
		return "it has more than 1 MiB"
	}
	chunk, err := parse.Parse(strings.NewReader(script), "script")
	if err == nil {
		_, err = lua.Compile(chunk, "script")
	}
	if err != nil {
		return short(err.Error())
	}
	return ""
}

// luaHealth runs the script over the object that the first blob holds.
func luaHealth(parameters json.RawMessage, texts [][]byte) (any, [][]byte, error) {
	var asked luaRequest
	if err := json.Unmarshal(parameters, &asked); err != nil {
		return nil, nil, err
	}
	if len(texts) != 1 {
		return nil, nil, errors.New("one object is judged at a time")
	}
	decoder := json.NewDecoder(bytes.NewReader(texts[0]))
	var object any
	if err := decoder.Decode(&object); err != nil {
		return nil, nil, errors.New("this is no JSON")
	}
	if why := unreadable(asked.Script); why != "" {
		return luaAnswer{Error: why}, nil, nil
	}
	return judgeWithin(asked, object), nil, nil
}

// judgeWithin never waits for longer than it was given: a function of the interpreter that is at work hears nothing.
func judgeWithin(asked luaRequest, object any) luaAnswer {
	timeout := time.Duration(asked.Timeout) * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	done := make(chan luaAnswer, 1)
	go func() {
		defer func() {
			if recover() != nil {
				done <- luaAnswer{Error: "it is beyond what can be run"}
			}
		}()
		done <- judge(ctx, asked, object)
	}()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	began := time.Now()
	for {
		select {
		case said := <-done:
			return said
		case <-ticker.C:
			if heapBytes() > asked.Memory {
				return luaAnswer{Error: "it takes too much memory", Limit: true, spent: true}
			}
			if time.Since(began) > timeout+grace {
				return luaAnswer{Error: tooLong, Limit: true, spent: true}
			}
		}
	}
}

func judge(ctx context.Context, asked luaRequest, object any) luaAnswer {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	if err := open(state, asked.OpenLibs); err != nil {
		return luaAnswer{Error: "its libraries cannot be opened"}
	}
	state.SetContext(ctx)
	state.SetGlobal("obj", valueIn(state, object))
	if err := state.DoString(asked.Script); err != nil {
		if ctx.Err() != nil {
			return luaAnswer{Error: tooLong, Limit: true}
		}
		return luaAnswer{Error: short(reasonOf(err))}
	}
	return said(state.Get(-1))
}

// said is what Argo CD makes of the value that a script returns.
func said(value lua.LValue) luaAnswer {
	if value == lua.LNil {
		return luaAnswer{}
	}
	table, isTable := value.(*lua.LTable)
	if !isTable {
		return luaAnswer{Error: fmt.Sprintf("it returns a %s, not a table", value.Type())}
	}
	if key, _ := table.Next(lua.LNil); key == lua.LNil {
		return luaAnswer{}
	}
	status, message := table.RawGetString("status"), table.RawGetString("message")
	text, isText := status.(lua.LString)
	if !isText || !statuses[string(text)] {
		return luaAnswer{Status: "Unknown", Message: "Lua returned an invalid health status"}
	}
	if message == lua.LNil {
		return luaAnswer{Status: string(text)}
	}
	return luaAnswer{Status: string(text), Message: short(message.String())}
}

var statuses = map[string]bool{
	"Healthy": true, "Suspended": true, "Progressing": true, "Missing": true, "Degraded": true, "Unknown": true,
}

// reasonOf leaves the trace out.
func reasonOf(err error) string {
	var fault *lua.ApiError
	if errors.As(err, &fault) && fault.Object != nil && fault.Object != lua.LNil {
		return fault.Object.String()
	}
	return err.Error()
}

func short(text string) string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD"))
	if len(text) > longestMessage {
		return strings.ToValidUTF8(text[:longestMessage], "") + "…"
	}
	return text
}

type library struct {
	name string
	open lua.LGFunction
}

// open gives a script what Argo CD gives it, but nothing that reads a file, runs a program or writes to our output.
func open(state *lua.LState, all bool) error {
	libraries := []library{
		{lua.LoadLibName, lua.OpenPackage},
		{lua.BaseLibName, lua.OpenBase},
		{lua.TabLibName, lua.OpenTable},
	}
	if all {
		libraries = append(libraries, library{lua.StringLibName, lua.OpenString}, library{lua.MathLibName, lua.OpenMath},
			library{lua.CoroutineLibName, lua.OpenCoroutine})
	}
	libraries = append(libraries, library{lua.OsLibName, lua.OpenOs})
	for _, each := range libraries {
		call := lua.P{Fn: state.NewFunction(each.open), NRet: 0, Protect: true}
		if err := state.CallByParam(call, lua.LString(each.name)); err != nil {
			return err
		}
	}
	for _, name := range []string{"dofile", "loadfile", "print", "collectgarbage", "module"} {
		state.SetGlobal(name, lua.LNil)
	}
	state.SetGlobal("print", state.NewFunction(func(*lua.LState) int { return 0 }))
	clock := state.NewTable()
	if whole, isTable := state.GetGlobal(lua.OsLibName).(*lua.LTable); isTable {
		for _, name := range []string{"clock", "date", "difftime", "time"} {
			clock.RawSetString(name, whole.RawGetString(name))
		}
	}
	state.SetGlobal(lua.OsLibName, clock)
	return only(state, clock)
}

// only leaves `require` what is there already: no path to look at, no loader of files.
func only(state *lua.LState, clock *lua.LTable) error {
	packages, isTable := state.GetGlobal(lua.LoadLibName).(*lua.LTable)
	if !isTable {
		return errors.New("there are no packages")
	}
	packages.RawSetString("path", lua.LString(""))
	packages.RawSetString("cpath", lua.LString(""))
	packages.RawSetString("loadlib", lua.LNil)
	loaders, isTable := packages.RawGetString("loaders").(*lua.LTable)
	if isTable {
		for at := loaders.Len(); at > 1; at-- {
			loaders.Remove(at)
		}
	}
	if loaded, isTable := packages.RawGetString("loaded").(*lua.LTable); isTable {
		loaded.RawSetString(lua.OsLibName, clock)
	}
	return nil
}

func valueIn(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case float64:
		return lua.LNumber(value)
	case string:
		return lua.LString(value)
	case []any:
		table := state.CreateTable(len(value), 0)
		for _, item := range value {
			table.Append(valueIn(state, item))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for name, item := range value {
			table.RawSetString(name, valueIn(state, item))
		}
		return table
	}
	return lua.LNil
}
