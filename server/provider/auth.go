package provider

import "net/http"

// dialectName is the wire format of a provider.
type dialectName string

const (
	openAIDialect    dialectName = ""
	anthropicDialect dialectName = "anthropic"
	geminiDialect    dialectName = "gemini"
)

// authScheme is the header that carries the key. A key never stands in an address, which servers log.
type authScheme string

const (
	bearer     authScheme = ""          // Authorization: Bearer …
	xAPIKey    authScheme = "X-Api-Key" //nolint:gosec // the name of a header
	apiKey     authScheme = "Api-Key"
	xGoogleKey authScheme = "X-Goog-Api-Key"
)

var anthropicVersion = []string{"2023-06-01"}

// authorize sets the headers by which the provider knows the key and, where it asks for one, the version of its API.
func (p *Provider) authorize(h http.Header, key string) {
	if p.auth == bearer {
		h["Authorization"] = []string{"Bearer " + key}
	} else {
		h[string(p.auth)] = []string{key}
	}
	if p.dialect == anthropicDialect {
		h["Anthropic-Version"] = anthropicVersion
	}
}
