package main

var keys = []control{
	{
		Row: 10, Test: "TestRow10_KeyReadableByAPI",
		Edits: []edit{{"server/vault/secret.go", `return prefix + ellipsis + key[len(key)-tail:]`, `return prefix + ellipsis + key`}},
	},
	{
		Row: 25, Test: "TestRow25_KeySentToChangedBaseURL",
		Edits: []edit{{"server/vault/vault.go", `return bind(purpose, string(r.Resource), r.Provider, r.Host)`, `return bind(purpose, string(r.Resource))`}},
	},
	{
		Row: 26, Test: "TestRow26_KeyInErrorsAndLogs",
		Edits: []edit{{"server/provider/redact.go", `message = message[:min(len(message), 2000)]`, `return message`}},
	},
	{
		Row: 27, Test: "TestRow27_KeyAtRest",
		Edits: []edit{
			{"server/vault/vault.go", `ciphertext, err := sealBox(v.random, data, ref.bound("key"), []byte(key.Reveal()))`, `ciphertext, err := []byte(key.Reveal()), error(nil)`},
			{"server/vault/vault.go", `key, err := openBox(data, ref.bound("key"), s.Ciphertext)`, `key, err := s.Ciphertext, error(nil)`},
		},
	},
	{
		Row: 28, Test: "TestRow28_RotationAndShredding",
		Edits: []edit{{"server/vault/store_ring.go", `m = former.takeOver(row.ID, row.CheckValue, row.Handover)`, `_ = former`}},
	},
}
