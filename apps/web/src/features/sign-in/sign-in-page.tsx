export const SignInPage = () => <main />;
