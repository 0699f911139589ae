package provider

import (
	"strings"

	"github.com/tidwall/gjson"
)

// Piece is an event of a streamed answer, in the dialect of its request. Data belongs to the receiver until the next piece.
type Piece struct {
	Event string // the event's name, "" in dialects whose events have none
	Data  []byte
	// Text is the text that the event brings, Other all else in it that a provider counts as output.
	Text, Other string
}

// meter reads answers of one form: what they say, what was counted, and the form in which the client gets them. It belongs
// to one answer.
type meter interface {
	// whole reads a whole answer. keepUsage leaves the report in the body, for who translates that further.
	whole(body []byte, keepUsage bool) *Answer
	// event reads an event of a stream and returns it as the client gets it; ok is false for one that the client does not.
	event(name string, data []byte, keepUsage bool) (p Piece, ok bool)
	// answer is what has arrived of a stream.
	answer() *Answer
}

var meters = map[Kind]func(*Request) meter{
	KindChat:        func(r *Request) meter { return &choicesMeter{face: faceOf(r), usage: chatUsage} },
	KindCompletions: func(r *Request) meter { return &choicesMeter{face: faceOf(r), usage: chatUsage} },
	KindEmbeddings:  func(r *Request) meter { return &choicesMeter{face: faceOf(r), usage: inputUsage, pack: wantsPacked(r)} },
	KindMessages:    func(r *Request) meter { return &messagesMeter{face: faceOf(r)} },
	KindResponses:   func(r *Request) meter { return &responsesMeter{face: faceOf(r)} },
}

// saidIn reads what an event of a stream brings of the output, in the dialects into which streams are translated.
var saidIn = map[Kind]func(name string, e gjson.Result) (content, other string){KindMessages: saidInMessages, KindResponses: saidInResponses}

// face is what an answer shows of itself instead of where it came from.
type face struct {
	id, model string
	created   int64
}

func faceOf(r *Request) face { return face{id: r.ID, model: r.As, created: r.Created} }

// telling are members of an answer that name the provider, its machines, or what it took.
var telling = map[string]bool{"system_fingerprint": true, "provider": true, "x_groq": true, "service_tier": true, "obfuscation": true, "prompt_filter_results": true}

// tellingOfChoice are such members of a choice.
var tellingOfChoice = []string{"native_finish_reason", "content_filter_results", "content_filter_result", "error", "usage"}

// show appends a member of an answer as the client sees it; ok is false for one that is none of the client's business.
func (f face) show(b []byte, name, value gjson.Result) ([]byte, bool) {
	switch {
	case telling[name.Str]:
		return b, false
	case name.Str == "id" && f.id != "":
		return textMember(b, "id", f.id), true
	case name.Str == "model" && f.model != "":
		return textMember(b, "model", f.model), true
	case f.created != 0 && (name.Str == "created" || name.Str == "created_at") && value.Type == gjson.Number:
		return countMember(b, name.Str, f.created), true
	}
	return sameMember(b, name, value), true
}

// object appends an object whose id and model are shown as they should be.
func (f face) object(b []byte, o gjson.Result) []byte {
	b = append(b, '{')
	o.ForEach(func(name, value gjson.Result) bool {
		b, _ = f.show(b, name, value)
		return true
	})
	return append(b, '}')
}

// text is a copy, so that what is kept does not hold on to the whole body.
func text(r gjson.Result) string {
	if r.Type != gjson.String {
		return ""
	}
	return strings.Clone(r.Str)
}
