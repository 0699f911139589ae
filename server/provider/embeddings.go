package provider

import (
	"encoding/base64"
	"encoding/binary"
	"math"

	"github.com/tidwall/gjson"
)

// wantsPacked reports whether the client asks for embeddings in base64, as OpenAI's own clients do unless told otherwise.
func wantsPacked(r *Request) bool {
	return gjson.Get("{"+string(r.Members)+"}", "encoding_format").Str == "base64"
}

// packed puts embeddings that are lists of numbers as base64 of little-endian float32, which their client unpacks whatever
// it got. What is packed already stays.
func packed(body []byte) []byte {
	if !gjson.GetBytes(body, "data.0.embedding").IsArray() {
		return body
	}
	b := append(make([]byte, 0, len(body)), '{')
	gjson.ParseBytes(body).ForEach(func(name, value gjson.Result) bool {
		if name.Str != "data" {
			b = sameMember(b, name, value)
			return true
		}
		b = append(member(b, "data"), '[')
		value.ForEach(func(_, one gjson.Result) bool {
			if b[len(b)-1] == '}' {
				b = append(b, ',')
			}
			b = packedOne(append(b, '{'), one)
			return true
		})
		b = append(b, ']')
		return true
	})
	return append(b, '}')
}

func packedOne(b []byte, one gjson.Result) []byte {
	one.ForEach(func(name, value gjson.Result) bool {
		if name.Str != "embedding" || !value.IsArray() {
			b = sameMember(b, name, value)
			return true
		}
		var floats []byte
		value.ForEach(func(_, x gjson.Result) bool {
			floats = binary.LittleEndian.AppendUint32(floats, math.Float32bits(float32(x.Num)))
			return true
		})
		b = append(base64.StdEncoding.AppendEncode(append(member(b, "embedding"), '"'), floats), '"')
		return true
	})
	return append(b, '}')
}
