package main

var overHTTP = []control{
	{Row: 19, Test: "TestRow19_CrossSiteRequestForgery", Edits: []edit{
		{"graph/post.go", "case err != nil || mediaType != typeJSON:", "case err != nil && mediaType == typeJSON:"},
	}},
	{Row: 19, Test: "TestRow19_CrossSiteRequestForgery", Edits: []edit{
		{"server/httpd/routes.go", "s.crossOrigin(s.graphql())", "s.graphql(), error(nil)"},
	}},
	{Row: 19, Test: "TestRow19_CrossSiteRequestForgery", Edits: []edit{
		{"graph/post.go", "case r.Method == http.MethodGet || r.Method == http.MethodHead:", "case false:"},
	}},
	{Row: 20, Test: "TestRow20_CrossOriginReads", Edits: []edit{
		{"server/httpd/origin.go", "if s.origins.foreign[origin] {", `if origin != "" {`},
	}},
	{Row: 20, Test: "TestRow20_CrossOriginReads", Edits: []edit{
		{"server/httpd/origin.go", `h.Set("Access-Control-Allow-Origin", origin)`, `h.Set("Access-Control-Allow-Origin", "*")`},
	}},
	{Row: 21, Test: "TestRow21_MalformedBodyEcho", Edits: []edit{ // as gqlgen's own transport does
		{"graph/post.go", "	params, err := decodeParams(r.Body)\n", "	raw, _ := io.ReadAll(r.Body)\n	params, err := decodeParams(bytes.NewReader(raw))\n"},
		{"graph/post.go", `refuse(w, http.StatusBadRequest, "the body is not a JSON object with a query")`, `refuse(w, http.StatusBadRequest, "json request body could not be decoded: "+err.Error()+" body:"+string(raw))`},
	}},
	{Row: 21, Test: "TestRow21_MalformedBodyEcho", Edits: []edit{
		{"graph/errors.go", `return message[:at] + " value"`, "return message"},
	}},
	{Row: 44, Test: "TestRow44_UnsetSecrets", Edits: []edit{
		{"server/config/config.go", "if !c.DatabaseURL.Empty() && c.masterKey.Empty() && c.masterKeyFile == \"\" && c.masterKeyURL == \"\" {", "if false {"},
	}},
	{Row: 44, Test: "TestRow44_UnsetSecrets", Edits: []edit{ // a token that can't be checked is nobody's, as a cookie is
		{"server/account/actor.go", "	if len(secret) != len(tokenPrefix)+tokenLetters || !strings.HasPrefix(secret, tokenPrefix) {\n		return nil, errBadToken\n	}\n", "	if len(secret) != len(tokenPrefix)+tokenLetters || !strings.HasPrefix(secret, tokenPrefix) {\n		return nil, nil\n	}\n"},
	}},
	{Row: 47, Test: "TestRow47_WildcardSearch", Edits: []edit{
		{"server/account/store_user.go", "minSearch = 3", "minSearch = 1"},
	}},
	{Row: 47, Test: "TestRow47_WildcardSearch", Edits: []edit{ // wildcards are what they look like
		{"server/account/store_user.go", "out = append(out, user.Or(user.DisplayNameContainsFold(*f.Search), user.EmailContainsFold(*f.Search)))",
			`out = append(out, func(s *entsql.Selector) {
			s.Where(entsql.P(func(b *entsql.Builder) {
				b.WriteString("display_name ILIKE ").Arg("%" + *f.Search + "%").WriteString(" OR email ILIKE ").Arg("%" + *f.Search + "%")
			}))
		})`},
		{"server/account/store_user.go", "import (\n", "import (\n\tentsql \"entgo.io/ent/dialect/sql\"\n"},
	}},
	{Row: 47, Test: "TestRow47_WildcardSearch", Edits: []edit{
		{"server/database/database.go", `cfg.Runtime["statement_timeout"] = statementLimit`, ""},
		{"server/database/database.go", "const statementLimit", "const _"},
	}},
	{Row: 48, Test: "TestRow48_SlowLorisAndSlowReaders", Edits: []edit{
		{"server/httpd/server.go", "headerTimeout = 5 * time.Second", "headerTimeout = time.Hour"},
	}},
	{Row: 48, Test: "TestRow48_SlowLorisAndSlowReaders", Edits: []edit{
		{"server/httpd/middleware.go", "_ = w.control.SetWriteDeadline(deadline(writeTimeout))", ""},
		{"server/httpd/server.go", "	writeTimeout  = 10", "	_ = 10"},
	}},
	{Row: 49, Test: "TestRow49_BodySizes", Edits: []edit{
		{"server/httpd/middleware.go", "http.MaxBytesReader(w, r.Body, limit)", "r.Body"},
	}},
	{Row: 49, Test: "TestRow49_BodySizes", Edits: []edit{
		{"server/v1/server.go", "http.MaxBytesReader(w, r.Body, MaxBody)", "r.Body"},
	}},
	{Row: 49, Test: "TestRow49_BodySizes", Edits: []edit{ // put together while it is read
		{"server/v1/server.go", "	const blockSize = 256 << 10\n", "	if length < 0 {\n		return io.ReadAll(r)\n	}\n	const blockSize = 256 << 10\n"},
	}},
	{Row: 49, Test: "TestRow49_BodySizes", Edits: []edit{
		{"server/v1/server.go", `if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {`, `if e := r.Header.Get("Content-Encoding"); e == "none" {`},
	}},
	{Row: 53, Test: "TestRow53_CachesAcrossPeopleAndDebugPorts", Edits: []edit{ // what is remembered is of nobody in particular
		{"server/account/actor.go", "cacheKey := kind + key", "cacheKey := kind"},
	}},
	{Row: 53, Test: "TestRow53_CachesAcrossPeopleAndDebugPorts", Edits: []edit{
		{"server/httpd/routes.go", "	r.Get(\"/healthz\",", "	r.Mount(\"/debug\", middleware.Profiler())\n	r.Get(\"/healthz\","},
	}},
}
