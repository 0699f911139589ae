package main

var content = []control{
	{Row: 46, Test: "TestRow46_CSVInjection", Edits: []edit{
		{"server/statement/statement.go", `		return "'" + s
`, `		return s
`},
	}},
	{Row: 45, Test: "TestRow45_StoredXSS", Edits: []edit{
		{"server/httpd/middleware.go", `h.Set("Content-Security-Policy", policy)`, "_ = policy"},
	}},
	{Row: 52, Test: "TestRow52_PromptPrivacy", Edits: []edit{
		{"server/vault/store_user.go", `key, err := v.userKey(ctx, user)
	if errors.Is(err, ErrDestroyed) {
		if`, `if true {
		return v.SealBlob(purpose, plain)
	}
	key, err := v.userKey(ctx, user)
	if errors.Is(err, ErrDestroyed) {
		if`},
	}},
}
