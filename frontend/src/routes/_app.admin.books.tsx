import { createFileRoute } from '@tanstack/react-router';
import { BooksPage } from '../features/admin/books/books-page.tsx';

export const Route = createFileRoute('/_app/admin/books')({ component: BooksPage });
