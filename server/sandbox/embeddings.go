package sandbox

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/resourcepool/resourcepool/server/money"
)

func (s *Server) serveEmbeddings(c *call) {
	if !c.wait() {
		return
	}
	root := gjson.ParseBytes(c.body)
	model := root.Get("model").String()
	price, ok := s.model(c, model)
	if !ok {
		return
	}
	size := 1536
	if d := root.Get("dimensions"); d.Exists() {
		if size = int(d.Int()); size < 1 || size > 4096 {
			c.refuse(trouble{code: badValue, message: "'dimensions' is out of range"})
			return
		}
	}
	packed := root.Get("encoding_format").Str == "base64"
	var tokens int64
	index := 0
	b := []byte(`{"object":"list","data":[`)
	inputs := eachInput(root.Get("input"), func(in gjson.Result) {
		if index++; index > 2048 {
			return
		}
		tokens += inputTokens(in)
		if index > 1 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"object":"embedding","index":`...), int64(index-1), 10)
		b = append(b, `,"embedding":`...)
		if packed {
			b = append(appendPacked(b, in.String(), size), '}')
		} else {
			b = append(appendVector(b, in.String(), size), '}')
		}
	})
	if inputs == 0 || inputs > 2048 {
		c.refuse(trouble{code: badValue, message: "'input' must be a text, tokens, or a list of those"})
		return
	}
	if !s.charge(c, tokens, money.Line[money.USD]{Tokens: tokens, PerMillion: price.Input}) {
		return
	}
	count := strconv.FormatInt(tokens, 10)
	b = gjson.AppendJSONString(append(b, `],"model":`...), model)
	b = append(b, `,"usage":{"prompt_tokens":`+count+`,"total_tokens":`+count+`}}`...)
	c.w.Header().Set("Content-Type", "application/json")
	_, _ = c.w.Write(b)
}

// vector yields the numbers of a vector of length about 1 that depends on text alone.
func vector(text string, size int) func(func(int, float64) bool) {
	return func(yield func(int, float64) bool) {
		state := hash([]byte(text))
		scale := math.Sqrt(3 / float64(size)) // a number from −1 to 1 has the mean square 1/3
		for i := range size {
			state = mix(state)
			if !yield(i, (float64(state>>11)/(1<<52)-1)*scale) {
				return
			}
		}
	}
}

func appendVector(b []byte, text string, size int) []byte {
	b = append(b, '[')
	for i, v := range vector(text, size) {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, v, 'f', 6, 64)
	}
	return append(b, ']')
}

// appendPacked appends a vector as the official clients ask for it: base64 of 32-bit floats, the least byte first.
func appendPacked(b []byte, text string, size int) []byte {
	raw := make([]byte, 0, 4*size)
	for _, v := range vector(text, size) {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
	}
	return append(base64.StdEncoding.AppendEncode(append(b, '"'), raw), '"')
}
