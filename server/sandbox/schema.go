package sandbox

import (
	"strings"

	"github.com/tidwall/gjson"
)

// maxDepth bounds the samples of schemas that contain themselves.
const maxDepth = 6

// function is one that a request offers.
type function struct {
	name   string
	schema gjson.Result // of its arguments
}

// sample returns a document that satisfies the simple part of a JSON schema: types, enum, const, required properties, and
// references within it.
func sample(schema gjson.Result) string {
	return string(appendSample(nil, schema, schema, maxDepth))
}

func appendSample(b []byte, root, s gjson.Result, depth int) []byte {
	if depth == 0 {
		return append(b, "null"...)
	}
	if ref := s.Get("$ref"); ref.Exists() {
		return appendSample(b, root, follow(root, ref.Str), depth-1)
	}
	if c := s.Get("const"); c.Exists() {
		return append(b, c.Raw...)
	}
	if e := s.Get("enum.0"); e.Exists() {
		return append(b, e.Raw...)
	}
	for _, of := range []string{"anyOf", "oneOf", "allOf"} {
		if first := s.Get(of + ".0"); first.Exists() {
			return appendSample(b, root, first, depth-1)
		}
	}
	kind := s.Get("type")
	if kind.IsArray() {
		kind = kind.Get("0")
	}
	switch strings.ToLower(kind.Str) { // Google writes types in capitals
	case "string":
		return append(b, `"some text"`...)
	case "number", "integer":
		if least := s.Get("minimum"); least.Exists() {
			return append(b, least.Raw...)
		}
		return append(b, '1')
	case "boolean":
		return append(b, "true"...)
	case "null":
		return append(b, "null"...)
	case "array":
		b = append(b, '[')
		if items := s.Get("items"); items.Exists() {
			b = appendSample(b, root, items, depth-1)
		}
		return append(b, ']')
	}
	b = append(b, '{')
	properties := s.Get("properties")
	for i, name := range s.Get("required").Array() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(gjson.AppendJSONString(b, name.Str), ':')
		b = appendSample(b, root, member(properties, name.Str), depth-1)
	}
	return append(b, '}')
}

// member is a member by its name as it stands, unlike a path.
func member(object gjson.Result, name string) (out gjson.Result) {
	object.ForEach(func(k, v gjson.Result) bool {
		if k.Str == name {
			out = v
		}
		return k.Str != name
	})
	return out
}

// follow finds a reference like "#/$defs/Step" in a schema.
func follow(root gjson.Result, ref string) gjson.Result {
	path, _ := strings.CutPrefix(ref, "#")
	for name := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if name != "" {
			root = member(root, name)
		}
	}
	return root
}
