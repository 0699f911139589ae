package account

import (
	"fmt"

	"github.com/resourcepool/resourcepool/ent/emaillink"
	"github.com/resourcepool/resourcepool/server/mail"
)

// A mail says what it says in English and in Chinese: which of them a person reads is not known.
const signature = "\n\nResource Pool"

func linkMail(purpose emaillink.Purpose, to, address string) mail.Message {
	switch purpose {
	case emaillink.PurposeVERIFY:
		return mail.Message{To: to, Subject: "Confirm your e-mail · 确认邮箱", Text: "Open this link to confirm your e-mail. It is good for 3 days.\n" +
			"请打开下面的链接确认你的邮箱，3 天内有效。\n\n" + address +
			"\n\nDid you not make this account? Then leave this mail alone.\n如果你没有注册，请忽略这封邮件。" + signature}
	case emaillink.PurposeCHANGE:
		return mail.Message{To: to, Subject: "Confirm your new e-mail · 确认新邮箱", Text: "Open this link to make this the e-mail of your account. It is good for a day.\n" +
			"请打开下面的链接，将此邮箱设为你账户的邮箱，1 天内有效。\n\n" + address +
			"\n\nDid you not ask for this? Then leave this mail alone.\n如果这不是你的操作，请忽略这封邮件。" + signature}
	default:
		return mail.Message{To: to, Subject: "Reset your password · 重设密码", Text: "Open this link to choose a new password. It is good for an hour, once.\n" +
			"请打开下面的链接设置新密码，1 小时内有效，只能使用一次。\n\n" + address +
			"\n\nDid you not ask for this? Then leave this mail alone: your password stays as it is.\n如果这不是你的操作，请忽略这封邮件，密码不会改变。" + signature}
	}
}

func inviteMail(to, address string) mail.Message {
	return mail.Message{To: to, Subject: "You are invited · 邀请注册", Text: "Open this link to make your account.\n请打开下面的链接注册账户。\n\n" + address + signature}
}

// notice tells a person what was done with their account, so that they learn of it when it was not they who did it.
type notice struct{ subject, english, chinese string }

var (
	passwordChanged   = notice{"Your password was changed · 密码已更改", "The password of your account was changed, and all other sessions were ended.", "你的账户密码已更改，其他会话均已退出。"}
	factorEnrolled    = notice{"Second factor set up · 已启用两步验证", "A second factor is now asked for when you sign in.", "登录时现在需要两步验证。"}
	factorDisabled    = notice{"Second factor removed · 已停用两步验证", "No second factor is asked for any more when you sign in.", "登录时不再需要两步验证。"}
	recoveryCodeSpent = notice{"A recovery code was used · 使用了恢复代码", "Somebody signed in with one of your recovery codes.", "有人使用你的恢复代码登录。"}
	accountDeleted    = notice{"Your account was deleted · 账户已删除", "Your account was deleted. What the books must keep, they keep under a pseudonym.", "你的账户已删除。账簿中必须保留的记录以匿名方式保存。"}
)

func emailChanged(email string) notice {
	return notice{
		"Your e-mail was changed · 邮箱已更改",
		fmt.Sprintf("The e-mail of your account is now %s.", email), fmt.Sprintf("你账户的邮箱现已改为 %s。", email),
	}
}

func (n notice) mail(to string) mail.Message {
	return mail.Message{To: to, Subject: n.subject, Text: n.english + "\n" + n.chinese +
		"\n\nWas it not you? Then reset your password and tell the operator of this server.\n如果这不是你的操作，请立即重设密码并联系管理员。" + signature}
}
