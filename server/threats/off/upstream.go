package main

var upstream = []control{
	{
		Row: 22, Test: "TestRow22_ServerSideRequestForgery",
		Edits: []edit{
			{"server/provider/baseurl.go", `if !publicHost(host) {`, `if false {`},
			{"server/provider/baseurl.go", `if err != nil || ip.Zone() != "" || !publicAddr(ip) {`, `if err != nil || ip.Zone() != "" {`},
		},
	},
	{
		Row: 23, Test: "TestRow23_DNSRebinding",
		Edits: []edit{{"server/provider/client.go", `d.Control = publicOnly`, `_ = publicOnly`}},
	},
	{
		Row: 24, Test: "TestRow24_Redirects",
		Edits: []edit{{"server/provider/client.go", `resp, err := e.transport.RoundTrip(req)`, `resp, err := (&http.Client{Transport: e.transport}).Do(req)`}},
	},
	{
		Row: 50, Test: "TestRow50_UpstreamBombs",
		Edits: []edit{{"server/provider/client.go", `maxBody    = 16 << 20 `, `maxBody    = 128 << 20 `}},
	},
}
