package main

var webSocket = []control{
	{Row: 7, Test: "TestRow07_WebSocketSkipsMiddleware", Edits: []edit{ // limits of requests alone, as a middleware has them
		{"graph/limits.go", "	op.DisableIntrospection = false", "	if requestFrom(ctx).SetSession == nil {\n\t\treturn nil\n\t}\n	op.DisableIntrospection = false"},
	}},
	{Row: 14, Test: "TestRow14_SubscriptionAfterRoleChange", Edits: []edit{ // asked before the answer is waited for alone
		{"graph/socket.go", "if _, ok := s.current(freshness, patient); !ok {", "if freshness < 0 && patient {"},
	}},
	{Row: 15, Test: "TestRow15_RevokedWhileTheSocketLives", Edits: []edit{ // asked only when something is sent
		{"graph/identity.go", "s.current(s.timing.check/2, patiently)", ""},
		{"graph/identity.go", "s.current(0, patiently)", ""},
	}},
	{Row: 15, Test: "TestRow15_RevokedWhileTheSocketLives", Edits: []edit{ // asked only of what servers tell each other
		{"server/account/actor.go", "actorFor   = time.Second", "actorFor   = time.Hour"},
	}},
	{Row: 15, Test: "TestRow15_RevokedWhileTheSocketLives", Edits: []edit{ // what is remembered does not expire
		{"server/account/actor.go", "if !e.found.valid(now) {", "if e.found == nil {"},
		{"server/account/actor.go", "actorFor   = time.Second", "actorFor   = time.Hour"},
	}},
	{Row: 16, Test: "TestRow16_UnauthenticatedSocket", Edits: []edit{
		{"graph/socket.go", "	case s.person == \"\":\n		s.close(closeUnauthorized, \"Unauthorized\")\n		return\n	case f.ID", "	case f.ID"},
		{"graph/identity.go", "case a == nil:", "case a == nil && s.actor != nil:"},
		{"graph/identity.go", "case s.actor.LostTo(a):", "case s.actor != nil && s.actor.LostTo(a):"},
	}},
	{Row: 17, Test: "TestRow17_IdleAndFloodSockets", Edits: []edit{
		{"graph/websocket.go", "init: 5 * time.Second,", "init: time.Hour,"},
	}},
	{Row: 17, Test: "TestRow17_IdleAndFloodSockets", Edits: []edit{
		{"graph/websocket.go", "socketsPerUser      = 10", "socketsPerUser      = 1 << 30"},
	}},
	{Row: 17, Test: "TestRow17_IdleAndFloodSockets", Edits: []edit{
		{"graph/websocket.go", "operationsPerSocket = 20", "operationsPerSocket = 1 << 30"},
	}},
	{Row: 17, Test: "TestRow17_IdleAndFloodSockets", Edits: []edit{
		{"graph/socket.go", "s.conn.SetReadLimit(readLimitBefore)", ""},
	}},
	{Row: 17, Test: "TestRow17_IdleAndFloodSockets", Edits: []edit{
		{"graph/identity.go", "s.conn.SetReadLimit(readLimit)", "s.conn.SetReadLimit(0)"},
	}},
	{Row: 18, Test: "TestRow18_CrossSiteSocketHijacking", Edits: []edit{
		{"graph/websocket.go", `return r.Header.Get("Origin") == "" || c.AllowedOrigin(r)`, "return true"},
		{"server/httpd/routes.go", "s.crossOrigin(s.graphql())", "s.graphql(), error(nil)"},
	}},
	{Row: 18, Test: "TestRow18_CrossSiteSocketHijacking", Edits: []edit{ // gorilla's own rule: the Origin is that of the Host
		{"graph/websocket.go", `CheckOrigin:      func(r *http.Request) bool { return r.Header.Get("Origin") == "" || c.AllowedOrigin(r) },`, ""},
		{"server/httpd/routes.go", "s.crossOrigin(s.graphql())", "s.graphql(), error(nil)"},
		{"server/httpd/routes.go", "r.Use(s.misdirected)", ""},
	}},
	{Row: 18, Test: "TestRow18_CrossSiteSocketHijacking", Edits: []edit{
		{"graph/websocket.go", `if r.Header.Get("Origin") != "" {`, "{"},
	}},
}
