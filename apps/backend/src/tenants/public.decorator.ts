import { SetMetadata } from '@nestjs/common';

export const PUBLIC_ROUTE = 'public-route';

/** The route answers without a credential. Only health and sign-in do. */
export const Public = () => SetMetadata(PUBLIC_ROUTE, true);
