package main

var content = []control{
	{Row: 45, Test: "TestRow45_StoredXSS", Edits: []edit{
		{"server/httpd/middleware.go", `h.Set("Content-Security-Policy", policy)`, "_ = policy"},
	}},
}
