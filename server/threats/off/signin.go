package main

// signIns are the rows of the group access that are about coming in.
var signIns = []control{
	{Row: 29, Test: "TestRow29_StoredTokens", Edits: []edit{
		{"server/account/secret.go", "return sha256.Sum256([]byte(secret))", "return [sha256.Size]byte([]byte(secret)[len(secret)-sha256.Size:])"},
	}},
	{Row: 29, Test: "TestRow29_StoredTokens", Edits: []edit{ // the reply names what was looked up, and where
		{"server/account/actor.go", `	if f == nil {
		return nil, errBadToken
	}`, `	if f == nil {
		return nil, fault.New(fault.Unauthenticated, "no row of api_tokens has the hash %x", hash)
	}`},
	}},
	{Row: 30, Test: "TestRow30_UserEnumeration", Edits: []edit{
		{"server/account/password.go", "		hash = p.noHash\n", "		return false, nil\n"},
	}},
	{Row: 30, Test: "TestRow30_UserEnumeration", Edits: []edit{
		{"server/account/signin.go", "		return errWrongPassword\n	}\n	return a.succeeded(ctx)", `		if u == nil {
			return fault.New(fault.Unauthenticated, "there is no such account")
		}
		return errWrongPassword
	}
	return a.succeeded(ctx)`},
	}},
	{Row: 31, Test: "TestRow31_PasswordHashing", Edits: []edit{
		{"server/account/password.go", "	h, err := argon2id.CreateHash(password, p.cost)", "	h, err := argon2id.CreateHash(password[:min(len(password), 72)], p.cost)"},
		{"server/account/password.go", "argon2id.ComparePasswordAndHash(password, hash)", "argon2id.ComparePasswordAndHash(password[:min(len(password), 72)], hash)"},
	}},
	{Row: 31, Test: "TestRow31_PasswordHashing", Edits: []edit{
		{"server/account/password.go", "Memory: 19 * 1024, Iterations: 2", "Memory: 1024, Iterations: 1"},
	}},
	{Row: 32, Test: "TestRow32_SessionFixation", Edits: []edit{
		{"server/account/store_session.go", `	if replaces == "" {
		return nil`, `	if replaces != "-" {
		return nil`},
	}},
	{Row: 33, Test: "TestRow33_Stuffing", Edits: []edit{
		{"server/httpd/clientip.go", "return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })", "return true || slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })"},
	}},
	{Row: 33, Test: "TestRow33_Stuffing", Edits: []edit{
		{"server/account/limit.go", `		failuresOfPair.Of(account, address), failuresOfAddress.Of(address), failuresOfAccount.Of(account),
`, `		failuresOfAccount.Of(account, address),
`},
	}},
}
