import { signIn, token } from './session.js';

/** The view without a valid token. */
export const SignedOut = () => {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const given = String(new FormData(event.currentTarget as HTMLFormElement).get('token') ?? '').trim();
    if (given) signIn(given);
  };
  return (
    <section class="sign-in" aria-labelledby="sign-in">
      <h2 id="sign-in">{token.value ? 'Your session has ended' : 'You are signed out'}</h2>
      <p>
        {token.value
          ? 'The access token has expired. Sign in where you got it and paste a new one. The data stays on screen until then.'
          : 'Paste an access token of your organisation, or open the link that you were given.'}
      </p>
      <form onSubmit={submit}>
        <label class="field">
          <span>Access token</span>
          <input name="token" type="password" autocomplete="off" spellcheck={false} required />
        </label>
        <button class="main">Open the dashboard</button>
      </form>
      <p class="quiet">
        On your own machine <code>make run</code> prints a link for each organisation, and <code>prewarm token --org …</code> makes a
        token. It is kept in this tab only.
      </p>
    </section>
  );
};
