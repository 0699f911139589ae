package vault

import "testing"

// Legacy is a vault as there were before its secrets were kept: without a database.
func Legacy(tb testing.TB, key []byte) *Vault { return under(tb, key) }
