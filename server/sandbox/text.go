package sandbox

import "strings"

// words are one token each to o200k and cl100k, with a space before them and without.
var words = strings.Fields(`the of and to in is that for it as was with be by on not he his but at are this have from or had an they which
one you were all her she there would their we him been has when who will no more if out so up said what its about than into them can only
other time new some could these two may first then do any like my now over such our man me even most made after also did many off before
must well back through years much where your way down should because long each just those people how too little state good very make world
still see own work men day get here old life both between being under three never know same last another while us might great go come since
against right came take used`)

const maxAnswer = 200_000

// corpus is a fixed text; starts[i] is where its word i begins, and the corpus is long enough that answers differ.
var corpus, starts = makeCorpus(8192)

func makeCorpus(n int) (string, []int) {
	var b strings.Builder
	at := make([]int, 0, n+1)
	state := uint64(0x9e3779b97f4a7c15)
	for range n {
		state = mix(state)
		at = append(at, b.Len())
		b.WriteByte(' ')
		b.WriteString(words[state%uint64(len(words))])
	}
	return b.String(), append(at, b.Len())
}

// appendText appends n words of the text of seed, beginning at word from. The first word of the text has no space before it.
func appendText(b []byte, seed uint64, from, n int) []byte {
	last := len(starts) - 1
	first := len(b)
	for at := int((seed + uint64(from)) % uint64(last)); n > 0; at = 0 {
		take := min(n, last-at)
		b = append(b, corpus[starts[at]:starts[at+take]]...)
		n -= take
	}
	if from == 0 && len(b) > first {
		b = append(b[:first], b[first+1:]...)
	}
	return b
}

// Text returns a text of n tokens; the same n and seed give the same text.
func Text(n int, seed uint64) string { return string(appendText(nil, mix(seed), 0, n)) }

// textTokens is the cheap count: one token for every 4 bytes begun.
func textTokens(s string) int64 { return int64(len(s)+3) / 4 }

// hash is stable from run to run, unlike the library's, and reads at most 4 KiB of either end.
func hash(b []byte) uint64 {
	const most = 4 << 10
	h := uint64(len(b))
	part := func(p []byte) {
		for _, c := range p {
			h = (h ^ uint64(c)) * 0x100000001b3
		}
	}
	if len(b) > 2*most {
		part(b[:most])
		part(b[len(b)-most:])
	} else {
		part(b)
	}
	return mix(h)
}

// mix is SplitMix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
