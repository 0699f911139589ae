package dialect

import (
	"fmt"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/fault"
)

// tools writes the tools, those that are still called functions too, and which of them may or must be called.
func (r *msgFromChat) tools() error {
	var d hubWriter
	for _, name := range []string{"tools", "functions"} {
		if v := r.in.get(name); v.Exists() && !v.IsArray() {
			return fault.Invalid(name, "must be an array")
		}
	}
	for i, tool := range r.in.get("tools").Array() {
		field := fmt.Sprintf("tools[%d]", i)
		if kind := tool.Get("type"); kind.Exists() && kind.Str != "function" {
			return fault.Invalid(field+".type", "the provider of this model takes functions alone")
		}
		if err := msgTool(&d, field+".function", tool.Get("function"), tool.Get("cache_control")); err != nil {
			return err
		}
	}
	for i, f := range r.in.get("functions").Array() {
		if err := msgTool(&d, fmt.Sprintf("functions[%d]", i), f, gjson.Result{}); err != nil {
			return err
		}
	}
	if r.hasTools = len(d) > 0; r.hasTools {
		r.out.raw("tools", "["+string(d)+"]")
	}
	return r.toolChoice()
}

func msgTool(d *hubWriter, field string, f, cache gjson.Result) error {
	name, schema := f.Get("name"), f.Get("parameters")
	if name.Type != gjson.String {
		return fault.Invalid(field+".name", "must be a string")
	}
	d.open("", '{')
	d.raw("name", name.Raw)
	if v := f.Get("description"); v.Type == gjson.String {
		d.raw("description", v.Raw)
	}
	switch {
	case schema.Type == gjson.Null, schema.Raw == "{}": // a function without parameters
		d.raw("input_schema", `{"type":"object"}`)
	case schema.IsObject():
		d.raw("input_schema", schema.Raw)
	default:
		return fault.Invalid(field+".parameters", "must be an object")
	}
	if f.Get("strict").Type == gjson.True {
		d.raw("strict", "true")
	}
	if cache.IsObject() {
		d.raw("cache_control", cache.Raw)
	}
	d.end("}")
	return nil
}

func (r *msgFromChat) toolChoice() error {
	name, choice := "tool_choice", r.in.get("tool_choice")
	tool := choice.Get("function.name")
	if !choice.Exists() {
		name, choice = "function_call", r.in.get("function_call")
		tool = choice.Get("name")
	}
	switch {
	case tool.Type == gjson.String:
		r.choice = "tool"
	case choice.Str == "auto", choice.Str == "none":
		r.choice = choice.Str
	case choice.Str == "required":
		r.choice = "any"
	case choice.Exists():
		return fault.Invalid(name, "must be auto, none, required or the name of a function")
	}
	if !r.hasTools {
		if r.choice == "tool" || r.choice == "any" {
			return fault.Invalid(name, "there is no tool to call")
		}
		return nil
	}
	single := r.in.get("parallel_tool_calls").Type == gjson.False && r.choice != "none"
	if r.choice == "" {
		if !single {
			return nil
		}
		r.choice = "auto"
	}
	r.out.open("tool_choice", '{')
	r.out.text("type", r.choice)
	if r.choice == "tool" {
		r.out.raw("name", tool.Raw)
	}
	if single {
		r.out.raw("disable_parallel_tool_use", "true")
	}
	r.out.end("}")
	return nil
}
