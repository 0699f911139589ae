package dialect

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/fault"
)

// What both directions between chat completions and Anthropic's messages need.

// msgMembers is an object's members in their order. Of several of one name the first counts, as it does for everybody who
// reads the document by path: so what was checked is what is sent.
type msgMembers struct {
	names  []string
	values map[string]gjson.Result
}

func msgMembersOf(body []byte) (msgMembers, error) {
	root := gjson.ParseBytes(body)
	m := msgMembers{values: map[string]gjson.Result{}}
	if !root.IsObject() {
		return m, fault.Invalid("", "the body must be a JSON object")
	}
	root.ForEach(func(k, v gjson.Result) bool {
		name := k.String()
		if _, again := m.values[name]; !again {
			m.names = append(m.names, name)
			m.values[name] = v
		}
		return true
	})
	return m, nil
}

// get returns a member; one that is null does not exist, for clients write null where they mean nothing.
func (m *msgMembers) get(name string) gjson.Result {
	if v := m.values[name]; v.Type != gjson.Null {
		return v
	}
	return gjson.Result{}
}

// refuse returns a fault on the first of names that is set.
func (m *msgMembers) refuse(names ...string) error {
	for _, name := range names {
		if m.get(name).Exists() {
			return fault.Invalid(name, "%s can't be translated for the provider of this model", name)
		}
	}
	return nil
}

// rest writes every member that is not in known.
func (m *msgMembers) rest(d *hubWriter, known map[string]bool) {
	for _, name := range m.names {
		if v := m.get(name); v.Exists() && !known[name] {
			d.key(name)
			d.raw("", v.Raw)
		}
	}
}

func msgSet(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

// msgFirst returns the first of rs that is neither missing nor null.
func msgFirst(rs ...gjson.Result) gjson.Result {
	for _, r := range rs {
		if r.Type != gjson.Null {
			return r
		}
	}
	return gjson.Result{}
}

// msgIsObject reports whether s, JSON inside a string that nobody has looked at before, is an object that can be read.
func msgIsObject(s string) bool { return strings.HasPrefix(s, "{") && hubValid(s) }

// msgDataURL takes "data:image/png;base64,iVBOR…" apart.
func msgDataURL(url string) (mediaType, data string, ok bool) {
	head, data, ok := strings.Cut(url, ",")
	if !ok {
		return "", "", false
	}
	head, isData := strings.CutPrefix(head, "data:")
	head, isBase64 := strings.CutSuffix(head, ";base64")
	mediaType, _, _ = strings.Cut(head, ";")
	return mediaType, data, isData && isBase64
}

// msgID puts one dialect's prefix of an answer's id in place of the other's.
func msgID(id, from, to string) string {
	return to + strings.TrimPrefix(strings.TrimPrefix(id, to), from)
}

// msgFinishReason says Anthropic's stop_reason in the hub's words.
func msgFinishReason(stop string) string {
	switch stop {
	case "max_tokens", "model_context_window_exceeded":
		return "length"
	case "tool_use":
		return "tool_calls"
	case "refusal":
		return "content_filter"
	default:
		return "stop"
	}
}

// msgStopReason says the hub's finish_reason in Anthropic's words. A call that the client forced ends with "stop" in the hub,
// but clients of messages run a tool on "tool_use" alone.
func msgStopReason(finish string, calls bool) string {
	switch {
	case finish == "length":
		return "max_tokens"
	case finish == "content_filter":
		return "refusal"
	case calls, finish == "tool_calls", finish == "function_call":
		return "tool_use"
	default:
		return "end_turn"
	}
}
