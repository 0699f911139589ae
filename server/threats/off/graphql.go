package main

var graphQL = []control{
	{Row: 1, Test: "TestRow01_AliasBruteForce", Edits: []edit{
		{"graph/limits.go", "aliasLimit         = 15", "aliasLimit         = 1_000"},
		{"graph/limits.go", "authFieldLimit     = 1 ", "authFieldLimit     = 1_000 "},
	}},
	{Row: 1, Test: "TestRow01_AliasBruteForce", Edits: []edit{ // a request counts once
		{"graph/authorize.go", `if err := a.requests.Take(caller(ctx)); err != nil {`, `if err := a.requests.Take(caller(ctx)); err != nil && at.Field.Alias == at.Field.Name {`},
	}},
	{Row: 2, Test: "TestRow02_ArrayBatching", Edits: []edit{
		{"graph/post.go", `if raw = bytes.TrimLeft(raw, " \t\r\n"); len(raw) == 0 || raw[0] != '{' {`, `if raw = bytes.Trim(raw, " \t\r\n[]"); len(raw) == 0 {`},
		{"graph/post.go", `if _, err := d.Token(); !errors.Is(err, io.EOF) {`, `if _, err := d.Token(); errors.Is(err, io.ErrClosedPipe) {`},
	}},
	{Row: 3, Test: "TestRow03_DepthBomb", Edits: []edit{
		{"graph/limits.go", "depthLimit         = 12", "depthLimit         = 1_000"},
		{"graph/limits.go", "costLimit          = 10_000", "costLimit          = 1 << 30"},
	}},
	{Row: 4, Test: "TestRow04_ListMultiplication", Edits: []edit{
		{"graph/limits.go", "costLimit          = 10_000", "costLimit          = 1 << 30"},
	}},
	{Row: 5, Test: "TestRow05_TokenDirectiveAndFragmentBombs", Edits: []edit{
		{"graph/handler.go", "exec.SetParserTokenLimit(tokenLimit)", ""},
	}},
	{Row: 5, Test: "TestRow05_TokenDirectiveAndFragmentBombs", Edits: []edit{
		{"graph/limits.go", "directiveLimit     = 50", "directiveLimit     = 1 << 30"},
	}},
	{Row: 6, Test: "TestRow06_IntrospectionAndSuggestions", Edits: []edit{
		{"graph/limits.go", "schemaDepthLimit   = 16", "schemaDepthLimit   = 1_000"},
		{"graph/limits.go", "schemaCostLimit    = 250_000", "schemaCostLimit    = 1 << 30"},
	}},
	{Row: 6, Test: "TestRow06_IntrospectionAndSuggestions", Edits: []edit{
		{"graph/handler.go", "exec.SetDisableSuggestion(true)", ""},
		{"graph/handler.go", "exec.SetDefaultRulesFn(validation)", ""},
	}},
}
