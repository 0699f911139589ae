package provider

import "strings"

// unknownImage is assumed of a model whose counting is unknown: more than any known model takes.
const unknownImage = 50_000

// imageTokens are the most tokens of one image, by how a model's name begins: the first match counts, so that a longer
// beginning stands before a shorter one.
//
// OpenAI counts in one of two ways (its guide "Images and vision"). By tiles: an image is fitted into 2048×2048 and then to
// a short side of 768, which is 8 tiles of 512×512 at most, each of so many tokens above a base. By patches of 32×32: at
// most 1536 of them, times a factor of the model; since gpt-5.4 10 000 at detail "original", for which a factor of 1.2 is
// billed. Anthropic takes 4784 at most ("Vision", models of high resolution; 1568 before them). Google takes 258 for a
// tile of 768×768 ("Understand and count tokens"), here 16 of them, and 2240 at the highest media resolution of Gemini 3.
var imageTokens = []struct {
	begins string
	most   int64
}{
	{"gpt-4o-mini", 48_169}, // 2833 + 8 × 5667
	{"gpt-4o", 1_445},       // 85 + 8 × 170
	{"gpt-4.1-mini", 2_489}, // 1536 × 1.62
	{"gpt-4.1-nano", 3_779}, // 1536 × 2.46
	{"gpt-4.1", 1_536},      // 1445 by tiles; its patches would be 1536
	{"gpt-4.5", 1_445},      // as gpt-4o
	{"gpt-4-turbo", 1_445},  // as gpt-4o
	{"o4-mini", 2_642},      // 1536 × 1.72
	{"o1", 1_275},           // 75 + 8 × 150
	{"o3", 1_275},           // as o1
	{"gpt-5-mini", 2_489},   // 1536 × 1.62
	{"gpt-5-nano", 3_779},   // 1536 × 2.46
	{"gpt-5", 12_000},       // of its generations, the newest: 10 000 × 1.2
	{"chatgpt-4o", 1_445},   // as gpt-4o
	{"codex-mini", 2_642},   // as o4-mini
	{"claude", 4_784},
	{"gemini", 16 * 258},
}

// ImageTokens returns the most tokens of the prompt that one image can take at the provider of model, for a bound before
// the call. The model may have the name of its maker before a slash, as at OpenRouter.
func ImageTokens(model string) int64 {
	name := strings.ToLower(model[strings.LastIndexByte(model, '/')+1:])
	for _, i := range imageTokens {
		if strings.HasPrefix(name, i.begins) {
			return i.most
		}
	}
	return unknownImage
}
