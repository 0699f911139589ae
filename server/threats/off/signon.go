package main

const (
	accountTests = "./server/account"
	ssoTests     = "./server/sso"
)

// signIn is what the table of threats does not name and strangers try: passkeys, and a provider's word for who they are.
var signIn = []control{
	// What was begun is answered once, in time, by who began it, and not too often.
	{Test: "TestPasskeySignsIn", Package: accountTests, Edits: []edit{
		{"server/account/store_ceremony.go", "`DELETE FROM ceremonies WHERE id = $1 AND kind", "`SELECT data, expires_at FROM ceremonies WHERE id = $1 AND kind"},
		{"server/account/store_ceremony.go", " RETURNING data, expires_at`", "`"},
	}},
	{Test: "TestCeremonyIsOverAfterFiveMinutes", Package: accountTests, Edits: []edit{
		{"server/account/ceremony.go", "sealed == nil || !s.clock.Now().Before(expires)", "sealed == nil || expires.IsZero()"},
	}},
	{Test: "TestCeremonyIsOverAfterFiveMinutes", Package: accountTests, Edits: []edit{
		{"server/account/ceremony.go", `return "ceremony " + string(kind) + " " + string(id)`, `return "ceremony"`},
	}},
	{Test: "TestPasskeyOfAnother", Package: accountTests, Edits: []edit{
		{"server/account/store_ceremony.go", "AND user_id IS NOT DISTINCT FROM NULLIF($3, '')", "AND $3 = $3::text"},
	}},
	{Test: "TestPasskeyOfAnother", Package: accountTests, Edits: []edit{
		{"server/account/passkey.go", "if begun.Session != actor.SessionID {", `if begun.Session == "" {`},
	}},
	{Test: "TestCeremoniesOfOneAddress", Package: accountTests, Edits: []edit{
		{"server/account/ceremony.go", "s.begun.Take(", "s.begun.Wait("},
	}},
	{Test: "TestSignOnsOfOneAddress", Package: accountTests, Edits: []edit{
		{"server/account/oidc.go", "s.begun.Take(", "s.begun.Wait("},
	}},

	// Passkeys.
	{Test: "TestPasskeyThatIsNotGood", Package: accountTests, Edits: []edit{
		{"server/account/relyingparty.go", "protocol.VerificationRequired", "protocol.VerificationPreferred"},
	}},
	{Test: "TestCopiedPasskeyIsRefusedAndWrittenDown", Package: accountTests, Edits: []edit{
		{"server/account/store_passkey.go", "cloned = used.Authenticator.CloneWarning; cloned", "cloned = false; cloned"},
	}},
	{Test: "TestCopiedPasskeyIsRefusedAndWrittenDown", Package: accountTests, Edits: []edit{
		{"server/account/store_passkey.go", `Where(passkey.CredentialID(credential)).Modify(func(s *sql.Selector) { s.For("NO KEY UPDATE") })`, "Where(passkey.CredentialID(credential))"},
	}},
	{Test: "TestPasskeyOfAnother", Package: accountTests, Edits: []edit{
		{"server/account/passkey.go", "if u.ID != actor.ID {", `if u.ID == "" {`},
	}},
	{Test: "TestPasskeyOfAnother", Package: accountTests, Edits: []edit{
		{"server/account/store_passkey.go", "passkey.ID(id), passkey.UserID(user)", "passkey.ID(id)"},
	}},
	{Test: "TestPasskeyOfAnother", Package: accountTests, Edits: []edit{
		{"server/account/store_passkey.go", "if u.DeletedAt != nil {", `if u.ID == "" {`},
	}},
	{Test: "TestPasskeysAreBounded", Package: accountTests, Edits: []edit{
		{"server/account/store_passkey.go", "if n >= maxPasskeys {", "if n < 0 {"},
	}},
	{Test: "TestTheLastWayInStays", Package: accountTests, Edits: []edit{
		{"server/account/store_passkey.go", "if ways == 0 {", "if ways < 0 {"},
	}},

	// Whose account an identity comes to, and in which browser.
	{Test: "TestWhoseAccountAnIdentityComesTo", Package: accountTests, Edits: []edit{
		{"server/account/identity.go", "err != nil || !who.EmailVerified", "err != nil"},
	}},
	{Test: "TestWhoseAccountAnIdentityComesTo", Package: accountTests, Edits: []edit{
		{"server/account/identity.go", "locked.EmailVerifiedAt == nil || ", ""},
	}},
	{Test: "TestWhoMayNotJoin", Package: accountTests, Edits: []edit{
		{"server/account/identity.go", "if s.mode != Open {", "if s.mode == Closed {"},
	}},
	{Test: "TestFrozenAndDeletedPeopleAtTheProvider", Package: accountTests, Edits: []edit{
		{"server/account/identity.go", "if u.DeletedAt != nil {", `if u.ID == "" {`},
	}},
	{Test: "TestSignOnMakesAnAccountAndKnowsItAgain", Package: accountTests, Edits: []edit{
		{"server/account/identity.go", "second: who.MultiFactor", "second: true"},
	}},
	{Test: "TestSignOnMakesAnAccountAndKnowsItAgain", Package: accountTests, Edits: []edit{
		{"server/account/identity.go", ", proven: who.AuthenticatedAt", ""},
	}},
	{Test: "TestAnAnswerIsForItsBrowserOnce", Package: accountTests, Edits: []edit{
		{"server/account/oidc.go", "subtle.ConstantTimeCompare(hash[:], kept.Browser) != 1", "subtle.ConstantTimeCompare(hash[:], kept.Browser) > 1"},
	}},
	{Test: "TestOnlyPathsOfThisServerAreReturnedTo", Package: accountTests, Edits: []edit{
		{"server/account/oidc.go", `strings.HasPrefix(path, "//")`, "false"},
		{"server/account/oidc.go", `u.Host != ""`, "false"},
	}},
	{Test: "TestIdentityIsLinkedAndUnlinked", Package: accountTests, Edits: []edit{
		{"server/account/oidc.go", "if begun.Session != actor.SessionID {", `if begun.Session == "" {`},
	}},
	{Test: "TestIdentityIsLinkedAndUnlinked", Package: accountTests, Edits: []edit{
		{"server/account/identity.go", "actor.ID != asked.Link || actor.SessionID != asked.Session", "actor.ID != asked.Link"},
	}},
	{Test: "TestIdentityIsLinkedAndUnlinked", Package: accountTests, Edits: []edit{
		{"server/account/store_identity.go", "identity.ID(id), identity.UserID(user)", "identity.ID(id)"},
	}},
	{Test: "TestWhyNobodyCameIn", Package: "./server/httpd", Edits: []edit{
		{"server/httpd/sso.go", `reason := "internal"`, "reason := err.Error()"},
	}},

	// What a provider vouches for.
	{Test: "TestWhatTheProviderDoesNotVouchFor", Package: ssoTests, Edits: []edit{
		{"server/sso/exchange.go", "subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) != 1", "subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) > 1"},
	}},
	{Test: "TestWhatTheProviderDoesNotVouchFor", Package: ssoTests, Edits: []edit{
		{"server/sso/provider.go", "ClientID: p.options.ClientID, Now:", "SkipClientIDCheck: true, Now:"},
	}},
	{Test: "TestWhatTheProviderDoesNotVouchFor", Package: ssoTests, Edits: []edit{
		{"server/sso/provider.go", "ClientID: p.options.ClientID, Now:", "ClientID: p.options.ClientID, SkipIssuerCheck: true, Now:"},
	}},
	{Test: "TestWhatTheProviderDoesNotVouchFor", Package: ssoTests, Edits: []edit{
		{"server/sso/provider.go", "ClientID: p.options.ClientID, Now:", "ClientID: p.options.ClientID, SkipExpiryCheck: true, Now:"},
	}},
	{Test: "TestWhatTheProviderDoesNotVouchFor", Package: ssoTests, Edits: []edit{
		{"server/sso/provider.go", "ClientID: p.options.ClientID, Now:", "ClientID: p.options.ClientID, InsecureSkipSignatureCheck: true, Now:"},
	}},
	{Test: "TestWhatTheProviderDoesNotVouchFor", Package: ssoTests, Edits: []edit{
		{"server/sso/exchange.go", "says.AuthorizedParty != \"\" && says.AuthorizedParty != p.options.ClientID", "false"},
	}},
	{Test: "TestWhatTheProviderDoesNotVouchFor", Package: ssoTests, Edits: []edit{
		{"server/sso/exchange.go", `a.Issuer != "" && a.Issuer != p.options.Issuer`, "false"},
	}},
	{Test: "TestWhatTheProviderDoesNotVouchFor", Package: ssoTests, Edits: []edit{
		{"server/sso/exchange.go", "case fresh && time.Time(says.AuthTime).IsZero():", "case false:"},
	}},
	{Test: "TestABrowserIsSentWithAllThatBindsTheAnswer", Package: ssoTests, Edits: []edit{
		{"server/sso/provider.go", ", oauth2.S256ChallengeOption(r.Verifier)", ""},
	}},
	{Test: "TestWhatTheTokenDoesNotTellIsAskedFor", Package: ssoTests, Edits: []edit{
		{"server/sso/exchange.go", "info.Subject != subject", "false"},
	}},
	{Test: "TestAProviderThatIsDown", Package: ssoTests, Edits: []edit{
		{"server/sso/http.go", "return http.ErrUseLastResponse", "return nil"},
	}},
	{Test: "TestAnswersAreBounded", Package: ssoTests, Edits: []edit{
		{"server/sso/http.go", "http.MaxBytesReader(nil, answer.Body, maxAnswer)", "answer.Body"},
	}},
}
