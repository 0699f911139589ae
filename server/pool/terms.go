package pool

import (
	"embed"
	"strings"
)

// TermsVersion is the version of the consent text in force. A text that changes is another version, with files of its own:
// what people agreed to stays as it was.
const TermsVersion = "v1"

//go:embed terms
var termsFiles embed.FS

// Terms are what a contributor is asked to agree to. A deposit records the version that its form showed.
type Terms struct{ Version string }

// CurrentTerms returns the terms in force.
func CurrentTerms() Terms { return Terms{Version: TermsVersion} }

// Text is the text, as Markdown, in the language of a tag such as zh or zh-CN: Chinese, or English for any other.
func (t Terms) Text(lang string) (string, error) {
	file := "en"
	if primary, _, _ := strings.Cut(strings.ToLower(lang), "-"); primary == "zh" {
		file = "zh"
	}
	text, err := termsFiles.ReadFile("terms/" + t.Version + "." + file + ".md")
	return string(text), err
}
