import { expect, test } from './page.ts';
import { admin, Person } from './people.ts';
import { expectSound } from './sights.ts';
import { totp } from './totp.ts';

test.describe.configure({ timeout: 120_000 }); // each page is looked at in four ways

test('somebody changes their password and ends what others could use', async ({ page, context, browser, baseURL }) => {
  const person = await Person.join('Owner');
  await person.enter(context);
  const elsewhere = await browser.newContext({ baseURL: baseURL ?? '' });
  const other = await elsewhere.newPage();
  await other.goto('/sign-in');
  await other.getByLabel('E-mail').fill(person.email);
  await other.getByLabel('Password', { exact: true }).fill(admin.password);
  await other.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(other).toHaveURL(/\/home$/);

  await page.goto('/account');
  const sessions = page.getByRole('region', { name: 'Sessions' });
  await expect(sessions.getByText('Chrome · Linux')).toBeVisible();
  await expect(sessions.getByText('This one')).toHaveCount(1);
  await expectSound(page);
  await sessions.getByRole('button', { name: /^End the session on Chrome/ }).click();
  await expect(sessions.getByText('Chrome · Linux')).toHaveCount(0);
  await other.reload();
  await expect(other).toHaveURL(/\/sign-in/);
  await elsewhere.close();

  const password = page.getByRole('region', { name: 'Password' });
  await password.getByRole('button', { name: 'Change password' }).click();
  await password.getByLabel('Present password').fill('not the password');
  await password.getByLabel('New password').fill('correct horse battery');
  await password.getByRole('button', { name: 'Change password' }).click();
  await expect(password.getByText('This is not your password.')).toBeVisible();
  await expectSound(page);
  await password.getByLabel('Present password').fill(admin.password);
  await password.getByRole('button', { name: 'Change password' }).click();
  await expect(password.getByText('Your password is changed.')).toBeVisible();
  await page.reload();
  await expect(sessions.getByText('This one')).toHaveCount(1);
});

test('two-step verification is set up, asked for, and turned off', async ({ page, context }) => {
  const person = await Person.join('Careful');
  await person.enter(context);
  await page.goto('/account');
  const factor = page.getByRole('region', { name: 'Two-step verification' });
  await factor.getByRole('button', { name: 'Set it up' }).click();
  await expect(factor.getByRole('img', { name: /^QR code/ })).toBeVisible();
  await expectSound(page);
  const secret = await factor.locator('code').innerText();
  await factor.getByLabel('Code that the app shows').fill(totp(secret));
  await factor.getByRole('button', { name: 'Turn it on' }).click();
  const codes = factor.getByRole('list', { name: 'Your recovery codes' });
  await expect(codes.getByRole('listitem')).toHaveCount(10);
  await expectSound(page);
  const [recovery = ''] = await codes.getByRole('listitem').allInnerTexts();
  const [download] = await Promise.all([page.waitForEvent('download'), factor.getByRole('button', { name: 'Download' }).click()]);
  expect(download.suggestedFilename()).toBe('resource-pool-recovery-codes.txt');
  await factor.getByRole('button', { name: 'I have kept them' }).click();
  await expect(factor.getByText('10 recovery codes left')).toBeVisible();

  await page.getByRole('button', { name: /^Account menu/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('link', { name: 'Open an account' })).toBeVisible();
  await page.goto('/sign-in?next=/account');
  await page.getByLabel('E-mail').fill(person.email);
  await page.getByLabel('Password', { exact: true }).fill(admin.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByLabel('Code')).toBeFocused();
  await expectSound(page);
  await page.getByLabel('Code').fill(totp(secret, 1)); // that of now was used already
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/account$/);

  await factor.getByRole('button', { name: 'Turn it off' }).click();
  await factor.getByLabel('Code').fill(recovery);
  await factor.getByRole('button', { name: 'Turn it off' }).click();
  await expect(factor.getByText('Off', { exact: true })).toBeVisible();
});

test('an e-mail is changed, and an account deleted', async ({ page, context }) => {
  const person = await Person.join('Leaving', '5');
  await person.enter(context);
  await page.goto('/account');
  const profile = page.getByRole('region', { name: 'Profile' });
  await expect(profile.getByText('Not confirmed')).toBeVisible();
  await profile.getByRole('button', { name: 'Change e-mail' }).click();
  await profile.getByLabel('New e-mail').fill(admin.email);
  await profile.getByRole('button', { name: 'Save' }).click();
  await expect(profile.getByText('Another account has this e-mail.')).toBeVisible();
  const email = `moved.${person.email}`;
  await profile.getByLabel('New e-mail').fill(email);
  await profile.getByRole('button', { name: 'Save' }).click();
  await expect(profile.getByText(`Your e-mail is ${email} now.`)).toBeVisible();

  const deletion = page.getByRole('region', { name: 'Delete account' });
  await expect(deletion.getByText('You would give up 5.00 Credits.')).toBeVisible();
  await deletion.getByRole('button', { name: 'Delete account' }).click();
  const confirm = deletion.getByRole('button', { name: 'Delete my account' });
  await expect(confirm).toBeDisabled();
  await expectSound(page);
  await deletion.getByLabel(`Type ${email} to confirm`).fill(email);
  await confirm.click();
  await expect(page.getByRole('link', { name: 'Open an account' })).toBeVisible();
  await page.goto('/account');
  await expect(page).toHaveURL(/\/sign-in/);
});

test.describe('in Chinese', () => {
  test.use({ locale: 'zh-CN' });

  test('the account is in Chinese', async ({ page, context }) => {
    await (await Person.join('Reader')).enter(context);
    await page.goto('/account');
    await expect(page.getByRole('heading', { name: '账户与安全' })).toBeVisible();
    await page.getByRole('region', { name: '两步验证' }).getByRole('button', { name: '启用' }).click();
    await expect(page.getByRole('img', { name: '供验证器应用扫描的二维码' })).toBeVisible();
    await expectSound(page);
  });
});
