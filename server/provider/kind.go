package provider

import "slices"

// Kind is an endpoint that clients call and that a provider may have too.
type Kind string

// The endpoints, by the last part of their path.
const (
	KindChat        Kind = "chat"
	KindCompletions Kind = "completions"
	KindEmbeddings  Kind = "embeddings"
	KindMessages    Kind = "messages"
	KindResponses   Kind = "responses"
)

// Has reports whether the provider's own API offers k. Chats are what every provider is for, each in its own dialect; the
// other endpoints count where the provider documents them at the base address of the table.
func (p *Provider) Has(k Kind) bool { return k == KindChat || slices.Contains(p.serves, k) }
