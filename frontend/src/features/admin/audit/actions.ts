/** What the server writes into the log, for the filter; an action that is not here can be typed. */
export const actions = [
  'alias.remove', 'alias.set', 'credits.grant', 'deposit.refused', 'identity.link', 'identity.unlink', 'ledger.correct', 'ledger.freeze', 'ledger.unfreeze', 'passkey.add',
  'passkey.cloned', 'passkey.remove', 'price.set', 'resource.clawback', 'resource.deplete', 'resource.deposit', 'resource.erase', 'resource.expire', 'resource.fail', 'resource.forfeit',
  'resource.lift', 'resource.limit', 'resource.pause', 'resource.rejected', 'resource.resume', 'resource.rotate', 'resource.suspend', 'resource.unreadable', 'resource.verify', 'resource.withdraw',
  'role.remove', 'role.save', 'session.revoke', 'session.revokeOthers', 'settings.update', 'token.create', 'token.revoke', 'usage.clamped', 'user.customRoles', 'user.deleted',
  'user.emailChanged', 'user.emailVerified', 'user.firstAdmin', 'user.invite', 'user.passwordChanged', 'user.passwordReset', 'user.passwordResetAsked', 'user.reauthenticate', 'user.recoveryCodeUsed', 'user.recoveryCodes',
  'user.roles', 'user.secondFactorDisabled', 'user.secondFactorEnrolled', 'user.signIn', 'user.signInFailed', 'user.signOut', 'user.signUp', 'user.status',
] as const;
