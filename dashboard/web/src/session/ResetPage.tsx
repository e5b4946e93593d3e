import { PasswordByTokenPage } from './PasswordByTokenPage';

export function Component() {
  return <PasswordByTokenPage kind="reset" />;
}
