package dialect

import (
	"errors"
	"math"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/fault"
)

// hubDepth is how deep a document may be nested: the validator is recursive, and brackets alone would exhaust its stack.
const hubDepth = 200

var errHubAnswer = errors.New("dialect: not a chat completion")

// hubDocument returns the object that body is; ok is false where it is none.
func hubDocument(body []byte) (root gjson.Result, ok bool) {
	s := string(body)
	if !hubValid(s) {
		return gjson.Result{}, false
	}
	root = gjson.Parse(s)
	return root, root.IsObject()
}

// hubRequest returns the object that a client's request is.
func hubRequest(body []byte) (gjson.Result, error) {
	root, ok := hubDocument(body)
	if !ok {
		return root, fault.New(fault.BadUserInput, "the body must be a JSON object")
	}
	return root, nil
}

// hubValid reports whether s is JSON that is not nested too deeply.
func hubValid(s string) bool { return Shallow(s) && gjson.Valid(s) }

// Shallow reports whether what may be JSON is nested at most 200 deep, so that parsers that recurse can take it.
func Shallow[T string | []byte](s T) bool {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted:
			if c == '\\' {
				i++
			} else if c == '"' {
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			if depth++; depth > hubDepth {
				return false
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return true
}

// hubSet reports whether a member says something.
func hubSet(r gjson.Result) bool { return r.Exists() && r.Type != gjson.Null }

// hubText returns a string, "" for what is none.
func hubText(r gjson.Result) string {
	if r.Type != gjson.String {
		return ""
	}
	return r.Str
}

// hubFigure reads a count: a whole number ≥ 0, and below 2⁵³, as far as those of JSON are exact.
func hubFigure(r gjson.Result) (int64, bool) {
	if r.Type != gjson.Number || r.Num < 0 || r.Num >= 1<<53 || r.Num != math.Trunc(r.Num) {
		return 0, false
	}
	return int64(r.Num), true
}

// hubCount reads a count that is left out where it is 0.
func hubCount(r gjson.Result) (int64, bool) {
	if !hubSet(r) {
		return 0, true
	}
	return hubFigure(r)
}

// hubEach calls f for the elements of a list with the path of each, e.g. "messages[3]". What is no list is the client's
// mistake.
func hubEach(path string, list gjson.Result, f func(path string, v gjson.Result) error) error {
	if !list.IsArray() {
		return fault.Invalid(path, "%s must be a list", path)
	}
	var err error
	i := 0
	list.ForEach(func(_, v gjson.Result) bool {
		err = f(path+"["+strconv.Itoa(i)+"]", v)
		i++
		return err == nil
	})
	return err
}

// hubObjects is hubEach for a list of objects.
func hubObjects(path string, list gjson.Result, f func(path string, v gjson.Result) error) error {
	return hubEach(path, list, func(path string, v gjson.Result) error {
		if !v.IsObject() {
			return fault.Invalid(path, "%s must be an object", path)
		}
		return f(path, v)
	})
}

// hubWriter is a JSON document that is being written. It puts the commas itself. The name of a value is "" for an element of
// a list and after key.
type hubWriter []byte

func newHubWriter(size int) *hubWriter {
	w := make(hubWriter, 0, size)
	return &w
}

// empty reports whether nothing was written since the last bracket was opened.
func (w *hubWriter) empty() bool {
	n := len(*w)
	return n == 0 || (*w)[n-1] == '{' || (*w)[n-1] == '['
}

func (w *hubWriter) comma() {
	if !w.empty() && (*w)[len(*w)-1] != ':' {
		*w = append(*w, ',')
	}
}

// key writes a name, which may be any text. A value follows.
func (w *hubWriter) key(name string) {
	w.comma()
	*w = append(gjson.AppendJSONString(*w, name), ':')
}

func (w *hubWriter) next(name string) {
	if name == "" {
		w.comma()
	} else {
		w.key(name)
	}
}

// raw writes a value that is JSON already.
func (w *hubWriter) raw(name, value string) {
	w.next(name)
	*w = append(*w, value...)
}

func (w *hubWriter) text(name, value string) {
	w.next(name)
	*w = gjson.AppendJSONString(*w, value)
}

func (w *hubWriter) number(name string, n int64) {
	w.next(name)
	*w = strconv.AppendInt(*w, n, 10)
}

// figure writes a count, null where it is not known.
func (w *hubWriter) figure(name string, n int64, known bool) {
	if known {
		w.number(name, n)
	} else {
		w.raw(name, "null")
	}
}

// copy writes a member of another document as it stands there, byte for byte, and nothing where it says nothing.
func (w *hubWriter) copy(name string, r gjson.Result) {
	if hubSet(r) {
		w.raw(name, r.Raw)
	}
}

// open begins an object, '{', or a list, '['.
func (w *hubWriter) open(name string, bracket byte) {
	w.next(name)
	*w = append(*w, bracket)
}

// end closes what was opened last, first to last: end("]}").
func (w *hubWriter) end(brackets string) { *w = append(*w, brackets...) }
